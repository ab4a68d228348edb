package dovecottest

import (
	"cmp"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// DefaultPassword is every user's password when Options.Users is nil.
const DefaultPassword = pop3test.DefaultPassword

// Options are the settings of a server; the zero Options suffice.
type Options struct {
	Users       map[string]string    // passwords by user; nil means that every user has DefaultPassword
	Certificate pop3test.Certificate // claims of the generated certificate
	NoTLS       bool                 // no STLS
	RunAs       string               // a plain user to run as when the test is root; "" means the test's own user
	Mechanisms  string               // auth_mechanisms; "" means "plain login"
	TokenKey    []byte               // XOAUTH2 accepts access tokens signed with it (SignToken); nil means none
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
	remote  *remote // nil for a server of this process

	program     string // Dovecot's path
	credentials *syscall.SysProcAttr

	mu     sync.Mutex
	serial int // of the last delivered message
}

// owner is the account that owns the mail.
type owner struct {
	name, group string
	uid, gid    int
}

// attempts is how often Start tries other ports: another process may take a free port before Dovecot does.
const attempts = 5

// Start starts a server that ends with the test.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	if host := os.Getenv(HostEnvironment); host != "" {
		return startAt(tb, host, o)
	}
	dovecot, err := findDovecot()
	if err != nil {
		tb.Fatalf("%v: run make setup (it installs dovecot-pop3d)", err)
	}
	s := &Server{Host: "127.0.0.1", tb: tb, program: dovecot}
	s.prepare(o)
	s.credentials = s.credential(o)
	for i := range attempts {
		s.Port, s.TLSPort = FreePort(tb), FreePort(tb)
		s.configure(o)
		s.process, err = start(dovecot, s.dir, s.credentials)
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

// findDovecot returns Dovecot's path, also where it is not in a plain user's PATH.
func findDovecot() (string, error) {
	if path, err := exec.LookPath("dovecot"); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/dovecot")
}

// ClosedPort returns a port of 127.0.0.1 at which nobody listens until the test ends. It is the client's port of a connection, so
// that the system gives it to nobody else.
func ClosedPort(tb testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { client.Close(); server.Close() })
	return client.LocalAddr().(*net.TCPAddr).Port
}

// givenPorts has the ports that FreePort has returned.
var givenPorts sync.Map

// FreePort returns a port of 127.0.0.1 that is free now. It lies below those that systems give to whoever asks for any port
// (from 32768 on Linux), so that no connection gets it before the caller listens; and no other call in this process returns it.
func FreePort(tb testing.TB) int {
	for range 1000 {
		port := 10000 + rand.IntN(22000)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			l.Close()
			if _, isGiven := givenPorts.LoadOrStore(port, true); !isGiven {
				return port
			}
		}
	}
	tb.Fatal("no port is free")
	return 0
}

// Roots returns a pool with the authority that issued the server's certificate.
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.root)
	return pool
}

// findOwner returns the account for Dovecot's mail processes. They refuse to run as root, so that root uses the
// system's account for mail.
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
