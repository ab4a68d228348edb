package dovecottest

import (
	"cmp"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"sync"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// DefaultPassword is every user's password when Options.Users is nil.
const DefaultPassword = pop3test.DefaultPassword

// Options are what a server is made of; the zero Options suffice.
type Options struct {
	Users       map[string]string    // passwords by user; nil means that any user has DefaultPassword
	Certificate pop3test.Certificate // what the generated certificate claims
	NoTLS       bool                 // STLS is not offered
	RunAs       string               // a plain user to run as when the test is root; "" means the test's own user
	Mechanisms  string               // auth_mechanisms; "" means "plain login"
	TokenKey    []byte               // access tokens signed with it (SignToken) are taken for XOAUTH2; nil means none is
	Extra       string               // more lines of dovecot.conf
}

// Server is a running Dovecot.
type Server struct {
	Host    string
	Port    int // plain text with STLS
	TLSPort int // implicit TLS

	tb      testing.TB
	dir     string
	owner   owner
	root    *x509.Certificate
	process *process

	mu     sync.Mutex
	serial int // of the messages delivered
}

// owner is who the mail belongs to.
type owner struct {
	name, group string
	uid, gid    int
}

// attempts is how often other ports are tried: one that was free may be taken before Dovecot has it.
const attempts = 5

// Start starts a server that ends with the test.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	dovecot, err := findDovecot()
	if err != nil {
		tb.Fatalf("%v: run make setup (it installs dovecot-pop3d)", err)
	}
	s := &Server{Host: "127.0.0.1", tb: tb}
	s.prepare(o)
	for i := range attempts {
		s.Port, s.TLSPort = FreePort(tb), FreePort(tb)
		s.configure(o)
		s.process, err = start(dovecot, s.dir, s.credential(o))
		if err == nil {
			tb.Cleanup(s.process.stop)
			return s
		}
		if !errors.Is(err, errAddressInUse) || i == attempts-1 {
			break
		}
	}
	tb.Fatalf("start Dovecot: %v", err)
	return nil
}

// findDovecot looks for Dovecot also where it lies off a plain user's PATH.
func findDovecot() (string, error) {
	if path, err := exec.LookPath("dovecot"); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/dovecot")
}

// FreePort asks the system for a port of 127.0.0.1 that is free now.
func FreePort(tb testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close() // it only held the port
	return l.Addr().(*net.TCPAddr).Port
}

// Roots holds the authority that issued the server's certificate.
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.root)
	return pool
}

// findOwner is who runs Dovecot's mail processes. They refuse to be root, so that root's belong to the system's user
// for mail.
func findOwner(o Options) (owner, error) {
	name := o.RunAs
	if name == "" && os.Getuid() == 0 {
		name = "mail"
	}
	u, err := user.Current()
	if name != "" {
		u, err = user.Lookup(name)
	}
	if err != nil {
		return owner{}, err
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		return owner{}, err
	}
	uid, errUID := strconv.Atoi(u.Uid)
	gid, errGID := strconv.Atoi(u.Gid)
	return owner{u.Username, g.Name, uid, gid}, cmp.Or(errUID, errGID)
}
