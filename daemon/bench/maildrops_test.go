//go:build bench && linux

package bench

import (
	"bytes"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"slices"
	"sync"
	"time"

	"mailintegration/mailbox/pop3test"
)

// Maildrops is a POP3 server with any number of maildrops: each user name has one, and any password opens it. It runs in
// a process of its own, so that its processor time is not the daemon's. Its exported methods are called by RPC.
type Maildrops struct {
	certificate tls.Certificate
	root        []byte // the authority's certificate in PEM

	mu     sync.Mutex
	drops  map[string]*maildrop
	mails  []*mail // all that were ever delivered
	totals Totals
}

// maildrop is the maildrop of one user.
type maildrop struct {
	locked bool // a session has it (RFC 1939 §3)
	logins []Login
	mails  []*mail
}

// mail is one mail with its octets, byte-stuffed, to the final dot. They are dropped when it is deleted.
type mail struct {
	Mail
	uidl   string
	octets int // without the dot and the stuffing
	text   []byte
}

// Mail says what became of one mail.
type Mail struct {
	User      string
	Delivered time.Time
	Retrieved time.Time // when RETR came first; zero if never
	Recorded  time.Time // when DELE came first, which the daemon sends after its commit; zero if never
	Deleted   bool      // by QUIT
	Retrieves int       // how often RETR came
}

// Login is a log-in of a user, over the listener of that port.
type Login struct {
	At   time.Time
	Port int
}

// Totals counts what the server has seen.
type Totals struct {
	Connections int
	Resumed     int // connections that resumed a TLS session
	Sessions    int // connections that logged in
	InUse       int // log-ins that were refused because another session had the maildrop
	Broken      int // sessions that ended without QUIT
	Users       int // users that have logged in at least once
	Retrieved   int // mails that were retrieved at least once
	Left        int // mails that are not deleted
}

// Address says where the server listens.
type Address struct {
	Port int
	Root []byte // the authority of the server's certificate, in PEM
}

// Line says how a listener answers.
type Line struct {
	TLS       bool
	RoundTrip time.Duration // each answer comes that much later
}

// Delivery is a delivery to several users.
type Delivery struct {
	Users []string
	Each  int           // mails to each of them
	Name  string        // makes the mails different from those of other deliveries
	Over  time.Duration // the time from the first user's mails to the last one's
}

// serveMaildrops serves RPC over standard input and output until standard input ends.
func serveMaildrops() error {
	leaf, root, err := pop3test.Issue(pop3test.Certificate{})
	if err != nil {
		return err
	}
	s := &Maildrops{
		certificate: leaf, drops: map[string]*maildrop{},
		root: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}),
	}
	server := rpc.NewServer()
	if err := server.Register(s); err != nil {
		return err
	}
	server.ServeConn(stdio{})
	return nil
}

// stdio is standard input and output as one connection.
type stdio struct{}

func (stdio) Read(b []byte) (int, error)  { return os.Stdin.Read(b) }
func (stdio) Write(b []byte) (int, error) { return os.Stdout.Write(b) }
func (stdio) Close() error                { return os.Stdin.Close() }

// Listen opens another listener on loopback, which stays open until the process ends.
func (s *Maildrops) Listen(line Line, at *Address) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	*at = Address{Port: listener.Addr().(*net.TCPAddr).Port, Root: s.root}
	encryption := &tls.Config{Certificates: []tls.Certificate{s.certificate}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if line.RoundTrip > 0 {
				conn = newDistant(conn, line.RoundTrip)
			}
			if line.TLS {
				conn = tls.Server(conn, encryption)
			}
			go s.serve(conn, at.Port)
		}
	}()
	return nil
}

// Deliver delivers mails of 5 KB to each user and says when the last one was there.
func (s *Maildrops) Deliver(d Delivery, at *time.Time) error {
	made := make([][]*mail, len(d.Users))
	for i, user := range d.Users {
		for n := range d.Each {
			text := bytes.ReplaceAll(message(d.Name+"."+user, n, i+n, 0), []byte("\n"), []byte("\r\n"))
			stuffed := bytes.ReplaceAll(text, []byte("\r\n."), []byte("\r\n.."))
			m := &mail{octets: len(text), text: append(stuffed, ".\r\n"...)}
			id := md5.Sum(fmt.Appendf(nil, "%s %s %d", d.Name, user, n)) // like those of servers that draw them
			m.User, m.uidl = user, hex.EncodeToString(id[:10])
			made[i] = append(made[i], m)
		}
	}
	began := time.Now()
	for i, user := range d.Users {
		<-time.After(time.Until(began.Add(d.Over * time.Duration(i) / time.Duration(len(d.Users)))))
		*at = s.put(user, made[i])
	}
	return nil
}

// put puts mails into a maildrop and returns the time.
func (s *Maildrops) put(user string, mails []*mail) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, m := range mails {
		m.Delivered = now
	}
	drop := s.drop(user)
	drop.mails = append(drop.mails, mails...)
	s.mails = append(s.mails, mails...)
	s.totals.Left += len(mails)
	return now
}

// drop returns the maildrop of a user. The caller holds mu.
func (s *Maildrops) drop(user string) *maildrop {
	if s.drops[user] == nil {
		s.drops[user] = &maildrop{}
	}
	return s.drops[user]
}

// Logins returns the log-ins of each user, in their order.
func (s *Maildrops) Logins(_ bool, logins *map[string][]Login) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*logins = make(map[string][]Login, len(s.drops))
	for user, drop := range s.drops {
		(*logins)[user] = slices.Clone(drop.logins)
	}
	return nil
}

// Mails returns what became of each mail so far, in the order of their delivery.
func (s *Maildrops) Mails(_ bool, mails *[]Mail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mails {
		*mails = append(*mails, m.Mail)
	}
	return nil
}

// Count returns the totals.
func (s *Maildrops) Count(_ bool, t *Totals) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*t = s.totals
	return nil
}
