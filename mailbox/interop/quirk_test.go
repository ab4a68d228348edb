//go:build interop

package interop_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/interop"
)

// TestQuirk checks the peculiarity of each server, and that a session copes with it.
func TestQuirk(t *testing.T) {
	t.Parallel()
	quirks := []struct {
		server, name string
		run          func(*testing.T)
	}{
		{"popa3d", "popa3d has no CAPA", noCapabilities},
		{"mailutils", "sizes change within a session of mailutils", sizesChange},
		{"courier", "courier loses commands sent behind PASS though it offers PIPELINING", losesBehindPass},
		{"cyrus", "cyrus requires 60 seconds between log-ins", loginDelay},
	}
	chosen := interop.Chosen(t)
	for _, q := range quirks {
		if !slices.Contains(chosen, q.server) {
			continue
		}
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			q.run(t)
		})
	}
	for _, name := range chosen {
		t.Run("nothing is sent behind the log-in before it is answered: "+name, func(t *testing.T) {
			t.Parallel()
			sendsNothingBehindLogIn(t, interop.Start(t, name))
		})
	}
}

func noCapabilities(t *testing.T) {
	srv := interop.Start(t, "popa3d")
	if session := srv.Open(); session.Capabilities() != nil {
		t.Errorf("it has %v", session.Capabilities())
	}
	secured := srv.Account
	secured.Security = mailbox.StartTLS
	if _, err := mailbox.Open(t.Context(), secured); !errors.Is(err, mailbox.ErrTLSRefused) {
		t.Errorf("STLS: %v", err)
	}
}

// sizesChange expects that mailutils adds X-UIDL at the first UIDL, after it has listed the sizes.
func sizesChange(t *testing.T) {
	srv := interop.Start(t, "mailutils")
	srv.Deliver(mail(1), mail(2))
	session := srv.Open()
	before := list(t, session, 2)
	after := list(t, session, 2)
	octets := int64(len(retrieve(t, session, before[0])))
	if before[0].Octets == after[0].Octets && before[0].Octets == octets {
		t.Errorf("the size is %d throughout: the quirk is gone", octets)
	}
	for _, it := range before {
		if err := session.Delete(t.Context(), it); err != nil {
			t.Error(err)
		}
	}
	quit(t, session)
	if n := srv.Count(); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

// losesBehindPass shows the fault itself: the server answers two of three commands in one segment.
func losesBehindPass(t *testing.T) {
	srv := interop.Start(t, "courier")
	session := srv.Open()
	if !session.Capabilities().Has("PIPELINING") {
		t.Errorf("PIPELINING is not offered: %v", session.Capabilities())
	}
	quit(t, session)
	conn, err := net.Dial("tcp", net.JoinHostPort(srv.Account.Server, strconv.Itoa(srv.Account.Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewScanner(conn)
	if _, err := fmt.Fprintf(conn, "USER %s\r\nPASS %s\r\nSTAT\r\n", interop.User, interop.Password); err != nil {
		t.Fatal(err)
	}
	var answers []string
	for in.Scan() {
		answers = append(answers, in.Text())
		if len(answers) < 3 {
			continue
		}
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil { // enough for one more, which does not come
			t.Fatal(err)
		}
	}
	if len(answers) != 3 || !errors.Is(in.Err(), os.ErrDeadlineExceeded) {
		t.Errorf("greeting and answers are %q, then %v: the quirk is gone", answers, in.Err())
	}
}

func loginDelay(t *testing.T) {
	srv := interop.Start(t, "cyrus", "login_delay=1")
	srv.Deliver(mail(1))
	session := srv.Open()
	if !session.Capabilities().HasArgument("LOGIN-DELAY", "60") {
		t.Errorf("LOGIN-DELAY 60 is not offered: %v", session.Capabilities())
	}
	list(t, session, 1)
	quit(t, session)
	_, err := mailbox.Open(t.Context(), srv.Account)
	if !errors.Is(err, mailbox.ErrLoginDelay) || !mailbox.IsTransient(err) {
		t.Errorf("a second log-in at once: %v", err)
	}
}

// sendsNothingBehindLogIn checks the order on the connection: after the password, by PASS or AUTH PLAIN, the session
// reads before it writes again.
func sendsNothingBehindLogIn(t *testing.T, srv *interop.Server) {
	srv.Deliver(mail(1))
	seen := &transcript{}
	srv.Account.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return observed{conn, seen}, err
	}
	session := srv.Open()
	list(t, session, 1)
	quit(t, session)
	steps := seen.all()
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + interop.User + "\x00" + interop.Password)) // RFC 4616
	i := slices.IndexFunc(steps, func(s string) bool { return strings.Contains(s, "PASS ") || strings.Contains(s, plain) })
	if i < 0 || i+2 >= len(steps) {
		t.Fatalf("there is no log-in, or nothing after it: %q", steps)
	}
	if strings.Count(steps[i], "\r\n") != 1 || steps[i+1] != received {
		t.Errorf("the log-in and what follows: %q", steps[i:i+2])
	}
}

// received stands for octets from the server.
const received = "received"

// transcript records the reads and writes of a connection, in order.
type transcript struct {
	mu    sync.Mutex
	steps []string
}

func (s *transcript) add(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, step)
}

func (s *transcript) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.steps)
}

// observed is a connection that records a transcript.
type observed struct {
	net.Conn
	seen *transcript
}

func (o observed) Write(p []byte) (int, error) {
	o.seen.add(string(p))
	return o.Conn.Write(p)
}

func (o observed) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if n > 0 {
		o.seen.add(received)
	}
	return n, err
}
