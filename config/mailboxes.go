package config

import (
	"net"
	"os"
	"strconv"
	"strings"
)

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// loadMailboxes reads the mailbox files of a service, whose own file is of, gives the mailboxes its defaults, and holds them against each
// other. The mailboxes that it returns are those without mistakes.
func loadMailboxes(files []string, s *Service, of *filling) (good []*Mailbox, warnings []Warning, mistakes []Mistake) {
	seen := registry{names: map[string]string{}, accounts: map[string]string{}}
	for _, file := range files {
		m, f := loadMailbox(file)
		if m != nil && f.first != nil {
			f.inherit(m, s, of)
			seen.add(m, f)
		}
		warnings = append(warnings, f.warnings...)
		mistakes = append(mistakes, sorted(f.mistakes)...)
		if len(f.mistakes) == 0 {
			good = append(good, m)
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

// registry knows which file took a name or an account first.
type registry struct{ names, accounts map[string]string }

// add notes a mistake when an earlier mailbox has the same name, or when two enabled ones are the same account: they
// would be two workers that lock each other out (RFC 1939 §4).
func (r registry) add(m *Mailbox, f *filling) {
	if m.Name != "" {
		key := strings.ToLower(m.Name)
		if first, taken := r.names[key]; taken {
			f.mistake(f.at("Name"), "Name", f.shown(m.Name)+" is also the name of "+first+" (each mailbox has its own)")
		} else {
			r.names[key] = m.File
		}
	}
	if !m.Enabled || m.ServerName == "" || m.UserName == "" {
		return
	}
	key := net.JoinHostPort(strings.ToLower(m.ServerName), strconv.Itoa(m.Port)) + " " + m.UserName
	if first, taken := r.accounts[key]; taken {
		f.mistake(f.at("UserName"), "UserName", f.shown(m.UserName)+" on this server is also polled by "+first+" (disable one of them)")
	} else {
		r.accounts[key] = m.File
	}
}
