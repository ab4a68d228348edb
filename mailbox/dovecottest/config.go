package dovecottest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/x509"
	_ "embed" // dovecot.conf.tmpl
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"mailintegration/mailbox/pop3test"
)

//go:embed dovecot.conf.tmpl
var configuration string

// settings are the values for the configuration's template.
type settings struct {
	Dir                                    string
	InternalUser, InternalGroup, LoginUser string
	MailUser, MailGroup                    string
	Port, TLSPort                          int
	SSL                                    string
	Mechanisms, Extra                      string
	Tokens                                 bool
	PasswordDriver, PasswordArgs           string
}

// prepare creates the directory with all files except the configuration. It does not use the test's own TempDir: the
// accounts that Dovecot changes to cannot enter that, and its path is too long for sockets.
func (s *Server) prepare(o Options) {
	dir, err := os.MkdirTemp("", "dovecot-")
	s.must(err)
	s.tb.Cleanup(func() { s.must(os.RemoveAll(dir)) })
	s.dir = dir
	s.owner, err = findOwner(o)
	s.must(err)
	s.must(os.Chmod(dir, 0o755))
	for _, sub := range []string{"run", "state", "mail"} {
		s.must(os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	s.certify(o.Certificate)
	if o.Users != nil {
		s.write("users", usersOf(o.Users))
	}
	s.writeTokenKey(o.TokenKey)
	s.chown("mail")
	if !s.asRoot(o) {
		for _, sub := range []string{".", "run", "state"} {
			s.chown(sub)
		}
	}
}

// usersOf returns the file of users and passwords.
func usersOf(passwords map[string]string) []byte {
	var lines strings.Builder
	for name, password := range passwords {
		lines.WriteString(name + ":{PLAIN}" + password + "\n")
	}
	return []byte(lines.String())
}

// asRoot reports whether Dovecot's master process runs as root.
func (s *Server) asRoot(o Options) bool { return os.Getuid() == 0 && o.RunAs == "" }

// configure writes the configuration.
func (s *Server) configure(o Options) {
	c := settings{
		Dir:          s.dir,
		InternalUser: s.owner.name, InternalGroup: s.owner.group, LoginUser: s.owner.name,
		MailUser: s.owner.name, MailGroup: s.owner.group,
		Port: s.Port, TLSPort: s.TLSPort,
		SSL:            "yes",
		Mechanisms:     cmp.Or(o.Mechanisms, "plain login"),
		Extra:          o.Extra,
		PasswordDriver: "static", PasswordArgs: "password=" + DefaultPassword,
	}
	if s.asRoot(o) {
		c.InternalUser, c.InternalGroup, c.LoginUser = "dovecot", "dovecot", "dovenull"
	}
	if c.Tokens = o.TokenKey != nil; c.Tokens {
		c.Mechanisms += " xoauth2 oauthbearer"
	}
	if o.NoTLS {
		c.SSL = "no"
	}
	if o.Users != nil {
		c.PasswordDriver, c.PasswordArgs = "passwd-file", filepath.Join(s.dir, "users")
	}
	var text strings.Builder
	s.must(template.Must(template.New("dovecot.conf").Parse(configuration)).Execute(&text, c))
	s.write("dovecot.conf", []byte(text.String()))
}

// certify creates the certificate and its authority.
func (s *Server) certify(c pop3test.Certificate) {
	leaf, root, err := pop3test.Issue(c)
	s.must(err)
	key, err := x509.MarshalECPrivateKey(leaf.PrivateKey.(*ecdsa.PrivateKey))
	s.must(err)
	s.root = root
	s.write("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]}))
	s.write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}))
}

// write writes a file that Dovecot can read.
func (s *Server) write(name string, octets []byte) {
	s.must(os.WriteFile(filepath.Join(s.dir, name), octets, 0o644))
}

// chown gives a file to the owner of the mail, if the test runs as root.
func (s *Server) chown(name string) {
	if os.Getuid() == 0 {
		s.must(os.Chown(filepath.Join(s.dir, name), s.owner.uid, s.owner.gid))
	}
}

// must ends the test if its environment fails.
func (s *Server) must(err error) {
	s.tb.Helper()
	if err != nil {
		s.tb.Fatal(err)
	}
}
