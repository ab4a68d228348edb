package config

import "os"

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// loadMailboxes reads the mailbox files of a service, whose own file is of, gives the mailboxes its defaults, and holds them against each
// other. The mailboxes that it returns are those without mistakes.
func loadMailboxes(files []string, s *Service, of *filling) (good []*Mailbox, warnings []Warning, mistakes []Mistake) {
	var read []*mailboxFile
	for _, file := range files {
		m, f := loadMailbox(file)
		if m != nil && f.first != nil {
			f.inherit(m, s, of)
		}
		read = append(read, &mailboxFile{m, f, modified(file)})
	}
	tellCopies(read)
	for _, file := range read {
		warnings = append(warnings, file.warnings...)
		mistakes = append(mistakes, sorted(file.mistakes)...)
		if len(file.mistakes) == 0 {
			good = append(good, file.Mailbox)
		}
	}
	return good, warnings, mistakes
}

// inherit takes Login and Team from the service where the mailbox names none. Whether one is missing is only known when both
// files were read to their ends.
func (f *filling) inherit(m *Mailbox, s *Service, of *filling) {
	for _, d := range []struct {
		name, of string
		to       *string
	}{{"Login", s.Login, &m.Login}, {"Team", s.Team, &m.Team}} {
		if *d.to == "" {
			*d.to = d.of
		}
		if *d.to == "" && f.whole && of.whole && !f.given(d.name) && !of.given(d.name) {
			f.mistake(f.at(d.name), d.name, "is missing, here and in the service file (write it in one of them)")
		}
	}
}
