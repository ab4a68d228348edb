package config

import (
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"

	"mailintegration/config/key"
)

// namedFiles are the tags of a server that name a file, and what the files hold.
type namedFiles struct {
	trustedCertificate *string
	roots              **x509.CertPool

	passwordFile, clientSecretFile *string
	password, clientSecret         *Secret
}

// readNamedFiles reads the files that the tags of a server name, which stands in the file at path. It makes the paths in the
// tags relative to that file's folder.
func (f *filling) readNamedFiles(path string, n namedFiles) {
	if f.good["TrustedCertificate"] {
		written := *n.trustedCertificate
		*n.trustedCertificate = beside(path, written)
		*n.roots = f.certificates(*n.trustedCertificate, f.shown(written))
	}
	if f.good["PasswordFile"] {
		*n.passwordFile = beside(path, *n.passwordFile)
		f.secretFile("PasswordFile", *n.passwordFile, "Password", "password", n.password)
	}
	if f.good["ClientSecretFile"] {
		*n.clientSecretFile = beside(path, *n.clientSecretFile)
		f.secretFile("ClientSecretFile", *n.clientSecretFile, "ClientSecret", "secret", n.clientSecret)
	}
}

// files reads the files that the mailbox file names for its POP3 server.
func (c checking) files() {
	c.readNamedFiles(c.File, namedFiles{
		&c.TrustedCertificate, &c.Roots, &c.PasswordFile, &c.ClientSecretFile, &c.Password, &c.ClientSecret,
	})
}

// certificates reads the file that TrustedCertificate names. name is the path as the configuration has it. It returns nil
// if the file has none.
func (f *filling) certificates(path, name string) *x509.CertPool {
	at := f.at("TrustedCertificate")
	data, err := f.readNamed(path)
	if err != nil {
		f.mistake(at, "TrustedCertificate", name+" cannot be read: "+err.Error()+" (name a PEM file)")
		return nil
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
		f.mistake(at, "TrustedCertificate", name+" contains no certificate (name a PEM file with BEGIN CERTIFICATE)")
		return nil
	}
	return pool
}

// secretFile reads the secret from the file that a tag names; plain is the tag that holds the secret itself. Mistakes
// do not show the path, because users sometimes put the secret itself here.
func (f *filling) secretFile(tag, path, plain, noun string, to *Secret) {
	at := f.at(tag)
	data, err := systemdCredentials.read(f.document, path)
	if err != nil {
		f.mistake(at, tag, "the file it names cannot be read: "+err.Error()+" ("+systemdCredentials.remedy(path, noun, plain)+")")
		return
	}
	if mark, _, _ := encodingOf(data); mark != nil { // Windows' editors and PowerShell write one
		var fault string
		if data, fault = toUTF8(data); fault != "" {
			f.mistake(at, tag, "the file it names "+fault)
			return
		}
	}
	secret, encrypted := strings.TrimRight(string(data), "\r\n"), key.IsEncrypted(string(data))
	if encrypted {
		if secret, err = f.keys.decrypt(f.document, secret); err != nil {
			f.mistake(at, tag, "the value in the file it names "+err.Error()+" ("+f.keys.remedy(err, againThere)+")")
			return
		}
	}
	switch {
	case secret == "":
		f.mistake(at, tag, "the file it names is empty (write the "+noun+" into it, on one line)")
	case !isLine(strings.ReplaceAll(secret, "\t", "")):
		f.mistake(at, tag, "the file it names has more than one line (leave only the line with the "+noun+")")
	default:
		if !encrypted && strings.TrimSpace(secret) != secret {
			f.warn(at, tag, "the "+noun+" in the file it names begins or ends with a blank (remove it, unless the "+noun+" has one)")
		}
		*to = Secret{&secret, encrypted}
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
