package config

// loadMailboxes reads the mailbox files of a service, gives the mailboxes the defaults of the service, and compares
// them with each other. own is the service's own file. The result holds the mailboxes without mistakes.
func loadMailboxes(files []string, s *Service, own *filling) (good []*Mailbox, warnings []Warning, mistakes []Mistake) {
	var read []*mailboxFile
	for _, file := range files {
		m, f := loadMailbox(file)
		if m != nil && f.first != nil {
			f.inherit(m, s, own)
		}
		read = append(read, &mailboxFile{m, f, modified(file)})
	}
	reportCopies(read)
	for _, file := range read {
		warnings = append(warnings, file.warnings...)
		mistakes = append(mistakes, sorted(file.mistakes)...)
		if len(file.mistakes) == 0 {
			good = append(good, file.Mailbox)
		}
	}
	return good, warnings, mistakes
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
