package config

import (
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"
)

// files reads the files that a mailbox file names.
func (c checking) files() {
	if c.good["TrustedCertificate"] {
		written := c.TrustedCertificate
		c.TrustedCertificate = beside(c.File, written)
		c.certificates(c.shown(written))
	}
	if c.good["PasswordFile"] {
		c.PasswordFile = beside(c.File, c.PasswordFile)
		c.secretFile("PasswordFile", c.PasswordFile, "Password", "password", &c.Password)
	}
	if c.good["ClientSecretFile"] {
		c.ClientSecretFile = beside(c.File, c.ClientSecretFile)
		c.secretFile("ClientSecretFile", c.ClientSecretFile, "ClientSecret", "secret", &c.ClientSecret)
	}
}

// certificates reads TrustedCertificate, which the file calls name.
func (c checking) certificates(name string) {
	data, err := readFile(c.TrustedCertificate)
	if err != nil {
		c.mistake(c.at("TrustedCertificate"), "TrustedCertificate", name+" cannot be read: "+err.Error()+" (a PEM file)")
		return
	}
	pool := x509.NewCertPool()
	found := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if cert, err := x509.ParseCertificate(block.Bytes); block.Type == "CERTIFICATE" && err == nil {
			pool.AddCert(cert)
			found++
		}
	}
	if found == 0 {
		c.mistake(c.at("TrustedCertificate"), "TrustedCertificate", name+" holds no certificate (a PEM file with BEGIN CERTIFICATE)")
		return
	}
	c.Roots = pool
}

// secretFile reads the file of a tag for one that holds a secret. Its mistakes do not show the path, because who confuses
// the tag with that of the secret itself has written the secret there.
func (c checking) secretFile(tag, path, plain, noun string, to *Secret) {
	at := c.at(tag)
	data, err := readFile(path)
	if err != nil {
		c.mistake(at, tag, "its file cannot be read: "+err.Error()+" (a file that holds the "+noun+"; "+plain+" is the tag for the "+noun+" itself)")
		return
	}
	secret := strings.TrimRight(string(data), "\r\n")
	switch {
	case secret == "":
		c.mistake(at, tag, "its file is empty (the "+noun+" in one line)")
	case !isLine(strings.ReplaceAll(secret, "\t", "")):
		c.mistake(at, tag, "its file holds more than one line of text (the "+noun+" in one line)")
	default:
		*to = NewSecret(secret)
	}
}

// beside returns path as an absolute path; a relative one is relative to the folder of file.
func beside(file, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	joined := filepath.Join(filepath.Dir(file), path)
	if abs, err := filepath.Abs(joined); err == nil {
		return abs
	}
	return joined
}
