package config

// loadMailboxes reads the mailbox files of a service into it, gives the mailboxes the defaults of the service, and
// compares them with each other. f is the service's own file, and collects the warnings.
func (f *filling) loadMailboxes(files []string, s *Service, keys *keyring, draft *Draft) {
	var read []*mailboxFile
	for _, file := range files {
		m, of := loadMailbox(file, keys, draft)
		if m != nil && of.first != nil {
			of.inherit(m, s, f)
		}
		read = append(read, &mailboxFile{m, of, modified(file)})
	}
	reportCopies(read)
	for _, file := range read {
		f.warnings = append(f.warnings, file.warnings...)
		s.Files = append(s.Files, file.files...)
		if len(file.mistakes) > 0 {
			s.Broken = append(s.Broken, file.broken())
			continue
		}
		s.Mailboxes = append(s.Mailboxes, file.Mailbox)
	}
}

// inherit copies Login and Team from the service where the mailbox has none. It reports a missing one only when both
// files were read to the end: a file that breaks off may have it in its rest.
func (f *filling) inherit(m *Mailbox, s *Service, own *filling) {
	for _, d := range []struct {
		tag, service string
		mailbox      *string
	}{{"Login", s.Login, &m.Login}, {"Team", s.Team, &m.Team}} {
		if *d.mailbox == "" {
			*d.mailbox = d.service
		}
		if *d.mailbox == "" && f.whole && own.whole && !f.given(d.tag) && !own.given(d.tag) {
			f.mistake(f.at(d.tag), d.tag, "is missing, here and in the service file (add it to one of them)")
		}
	}
}
