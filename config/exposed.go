package config

import (
	"net/url"
	"regexp"
	"strings"
)

// exposed warns of the secrets of a file that accounts other than its owner can read: in the tags of the file itself, and in
// the files that other tags name. The files are those of an installation, so that their modes are looked at, not their places.
func (f *filling) exposed(path string, plain []string, files map[string]string) {
	if f.quiet { // a path might be a part of a secret
		return
	}
	for _, tag := range plain {
		if who, remedy := readers(path); who != "" {
			f.warn(f.at(tag), tag, who+" can read it in this file ("+remedy+" "+path+")")
		}
	}
	for tag, named := range files {
		if who, remedy := readers(named); who != "" {
			f.warn(f.at(tag), tag, who+" can read "+named+" ("+remedy+" "+named+")")
		}
	}
}

// exposure warns of the secrets of a mailbox file.
func (c checking) exposure() {
	var plain []string
	for _, tag := range []string{"Password", "ClientSecret"} {
		if c.good[tag] {
			plain = append(plain, tag)
		}
	}
	files := map[string]string{}
	if c.good["PasswordFile"] && !c.Password.IsEmpty() {
		files["PasswordFile"] = c.PasswordFile
	}
	if c.good["ClientSecretFile"] && !c.ClientSecret.IsEmpty() {
		files["ClientSecretFile"] = c.ClientSecretFile
	}
	c.exposed(c.File, plain, files)
}

// exposure warns of the password of the database in a service file.
func (f *filling) exposure(s *Service) {
	if f.good["Database"] && hasPassword(s.DatabaseURL.Reveal()) {
		f.exposed(s.File, []string{"Database"}, nil)
	}
}

var passwordWord = regexp.MustCompile(`(?i)(^|[\s?&])(ssl)?password\s*=`)

// hasPassword reports whether the address of a database holds a password.
func hasPassword(address string) bool {
	if !strings.Contains(address, "://") {
		return passwordWord.MatchString(address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	_, given := u.User.Password()
	return given || passwordWord.MatchString("?"+u.RawQuery)
}
