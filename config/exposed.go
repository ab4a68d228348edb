package config

import (
	"net/url"
	"regexp"
	"strings"
)

// exposed warns of secrets that accounts other than the file's owner can read: the tags plain hold a secret in the file
// itself, the tags of files name a file with one. Only the modes of the files count, not the directories above them.
func (f *filling) exposed(path string, plain []string, files map[string]string) {
	if f.quiet { // a path may be part of a secret
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

// exposedSecrets warns of passwords and client secrets at path, and in the files that its tags name, that other accounts can
// read.
func (f *filling) exposedSecrets(path, passwordFile, clientSecretFile string) {
	var plain []string
	for _, tag := range []string{"Password", "ClientSecret"} {
		if f.good[tag] {
			plain = append(plain, tag)
		}
	}
	files := map[string]string{}
	for tag, named := range map[string]string{"PasswordFile": passwordFile, "ClientSecretFile": clientSecretFile} {
		if f.good[tag] && isFile(named) {
			files[tag] = named
		}
	}
	f.exposed(path, plain, files)
}

// exposure warns of a database password in the service file that other accounts can read.
func (f *filling) exposure(s *Service) {
	if f.good["Database"] && hasPassword(s.DatabaseURL.Reveal()) {
		f.exposed(s.File, []string{"Database"}, nil)
	}
}

var passwordWord = regexp.MustCompile(`(?i)(^|[\s?&])(ssl)?password\s*=`)

// hasPassword reports whether a connection string contains a password.
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
