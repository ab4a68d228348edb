package config

import (
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"
)

// files reads the files that the mailbox file names.
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

// certificates reads TrustedCertificate. name is the path as the mailbox file has it.
func (c checking) certificates(name string) {
	data, err := c.readNamed(c.TrustedCertificate)
	if err != nil {
		c.mistake(c.at("TrustedCertificate"), "TrustedCertificate", name+" cannot be read: "+err.Error()+" (name a PEM file)")
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
		c.mistake(c.at("TrustedCertificate"), "TrustedCertificate", name+" contains no certificate (name a PEM file with BEGIN CERTIFICATE)")
		return
	}
	c.Roots = pool
}

// secretFile reads the secret from the file that a tag names; plain is the tag that holds the secret itself. Mistakes
// do not show the path, because users sometimes put the secret itself here.
func (c checking) secretFile(tag, path, plain, noun string, to *Secret) {
	at := c.at(tag)
	data, err := c.readNamed(path)
	if err != nil {
		c.mistake(at, tag, "the file it names cannot be read: "+err.Error()+
			" (name a file that holds the "+noun+", or write the "+noun+" itself in "+plain+")")
		return
	}
	secret := strings.TrimRight(string(data), "\r\n")
	switch {
	case secret == "":
		c.mistake(at, tag, "the file it names is empty (write the "+noun+" into it, on one line)")
	case !isLine(strings.ReplaceAll(secret, "\t", "")):
		c.mistake(at, tag, "the file it names has more than one line (leave only the line with the "+noun+")")
	default:
		*to = NewSecret(secret)
	}
}

// beside returns path as an absolute path. A relative path starts at the folder of file.
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
