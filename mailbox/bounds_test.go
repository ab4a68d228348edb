package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// maxHeld is how much memory a session may hold, whatever the server sends.
const maxHeld = 64 << 20

// TestASessionTakesLittleMemoryWhateverTheServerSends does not run in parallel, as it measures memory.
func TestASessionTakesLittleMemoryWhateverTheServerSends(t *testing.T) {
	many := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line, i+1)
		}
		return b.String()
	}
	huge := func(n int) script {
		return goodScript().with("STAT", fmt.Sprintf("+OK %d 9\r\n", n)).
			with("LIST", "+OK\r\n"+many(n, "%d 20\r\n")+".\r\n").
			with("UIDL", "+OK\r\n"+many(n, "%[1]d "+strings.Repeat("u", 64)+"%[1]d\r\n")+".\r\n").
			with("RETR", "-ERR no\r\n").with("TOP", "-ERR no\r\n")
	}
	for _, tt := range []struct {
		name   string
		script script
		want   error
	}{
		{"empty lines without end for CAPA", goodScript().with("CAPA", "+OK\r\n\r\n"+forEver), mailbox.ErrProtocol},
		{"letters without end for CAPA", goodScript().with("CAPA", "+OK\r\nx\r\n"+forEver), mailbox.ErrProtocol},
		{"words without end for CAPA", goodScript().with("CAPA", "+OK\r\n"+strings.Repeat("x ", 2000)+"\r\n"+forEver), mailbox.ErrProtocol},
		{"an endless greeting", goodScript().with("greeting", "+OK "+strings.Repeat("x", 4000)+forEver), mailbox.ErrProtocol},
		{"an endless answer to USER", goodScript().with("USER", "-ERR "+strings.Repeat("x", 4000)+forEver), mailbox.ErrProtocol},
		{"empty lines without end for LIST", goodScript().with("LIST", "+OK\r\n\r\n"+forEver), mailbox.ErrProtocol},
		{"one message without end for LIST", goodScript().with("STAT", "+OK 999999999 40\r\n").with("LIST", "+OK\r\n1 20"+
			strings.Repeat(" x", 1000)+"\r\n"+forEver), mailbox.ErrProtocol},
		{"one message without end for UIDL", goodScript().with("UIDL", "+OK\r\n1 x\r\n"+forEver), mailbox.ErrProtocol},
		{"an endless header", goodScript().with("TOP", "+OK\r\n"+strings.Repeat("x", 60_000)+"\r\n"+forEver), mailbox.ErrTooLarge},
		{"300,000 messages", huge(300_000), nil},
		{"a hundred messages that are larger than listed", larger(100, 1<<20), nil},
	} {
		for what, good := range map[string]script{"": tt.script, " of a pipeline": tt.script.pipelined()} {
			t.Run(tt.name+what, func(t *testing.T) {
				a, h := good.account()
				a.SpoolDirectory = t.TempDir()
				m := &meter{}
				a.Dial = m.dial(good, h)
				if err := m.visit(t.Context(), a); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				within(t, "the connection", h.ended)
				if m.most > maxHeld {
					t.Errorf("the session holds %d MiB", m.most>>20)
				}
			})
		}
	}
}

// pipelined returns the script with PIPELINING, unless the test has its own answer to CAPA.
func (s script) pipelined() script {
	if s["CAPA"] == goodScript()["CAPA"] {
		return s.pipelining()
	}
	return s
}

// larger returns a script of n messages that are larger than LIST says.
func larger(n, octets int) script {
	s := goodScript().with("STAT", fmt.Sprintf("+OK %d 40\r\n", n))
	list, ids := "+OK\r\n", "+OK\r\n"
	for i := range n {
		list += fmt.Sprintf("%d 20\r\n", i+1)
		ids += fmt.Sprintf("%d u%d\r\n", i+1, i+1)
	}
	s["LIST"], s["UIDL"] = list+".\r\n", ids+".\r\n"
	delete(s, "RETR 1")
	delete(s, "RETR 2")
	s["RETR"] = "+OK\r\nSubject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 998)+"\r\n", octets/1000) + ".\r\n"
	s["TOP"] = "+OK\r\nSubject: x\r\n\r\n.\r\n"
	return s
}

// meter measures how much memory the test holds while a server sends.
type meter struct {
	mu     sync.Mutex
	before uint64
	sent   int
	most   int64
}

// held returns how many octets the heap holds.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// dial returns a Dial to a script's server that measures after every few megabytes it sends.
func (m *meter) dial(s script, h *heard) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := pop3test.Pipe()
		go s.serve(&metered{server, m}, h)
		return client, nil
	}
}

// measure records the growth of the heap.
func (m *meter) measure() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.most = max(m.most, int64(held())-int64(m.before))
}

// metered is the server's side of a connection.
type metered struct {
	net.Conn
	meter *meter
}

// Write implements io.Writer.
func (c *metered) Write(p []byte) (n int, err error) {
	c.meter.sent += len(p)
	if c.meter.sent > 4<<20 {
		c.meter.sent = 0
		c.meter.measure()
	}
	return c.Conn.Write(p)
}

// visit sends the commands of a daemon, and keeps the same results.
func (m *meter) visit(ctx context.Context, a mailbox.Account) error {
	m.before = held()
	s, err := mailbox.Open(ctx, a)
	if err != nil {
		return err
	}
	defer s.Close()
	items, err := s.List(ctx)
	if err != nil {
		return err
	}
	m.measure()
	s.Prefetch(items)
	spool, err := s.Retrieve(ctx, items[0])
	if err != nil {
		return err
	}
	defer spool.Close()
	if _, err := s.Top(ctx, items[1]); !errors.Is(err, mailbox.ErrRefused) { // spools all messages requested ahead
		return err
	}
	m.measure()
	return nil
}

// TestNoStepWaitsLongerThanItsLimit plays sessions with randomly chosen faults. A step may last until a minute after
// the server fell silent, and longer only while octets arrive at the minimum rate.
func TestNoStepWaitsLongerThanItsLimit(t *testing.T) {
	t.Parallel()
	endings := []func(string) string{
		func(s string) string { return s },
		func(string) string { return "" }, // silence from here on
		func(s string) string { return s[:len(s)/2] },
		func(s string) string { return s[:len(s)/2] + hangUp },
		func(s string) string { return s + "-ERR stray\r\n" },
		func(s string) string { return "+OK\r\n" + s },
		func(string) string { return "-ERR no\r\n" },
		func(string) string { return "+OK\r\n\r\n" + forEver },
		func(string) string { return "+OK\r\n1 x\r\n" + forEver },
		func(string) string { return "+OK\r\n.\r\n" },
	}
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0)) // repeatable
			s := goodScript()
			if random.IntN(2) == 0 {
				s = s.pipelining()
			}
			for _, step := range commands {
				if random.IntN(4) == 0 {
					s = s.with(step, endings[random.IntN(len(endings))](s[step]))
				}
			}
			synctest.Test(t, func(t *testing.T) { waits(t, s, random) })
		})
	}
}

// waits fails the test when a session takes longer than its steps may.
func waits(t *testing.T, s script, random *rand.Rand) {
	a, h := s.account()
	a.StepTimeout, a.MaxOctets = time.Minute, 64<<10
	if random.IntN(4) == 0 {
		a.Dial = func(context.Context, string, string) (net.Conn, error) {
			client, server := pop3test.Pipe()
			go s.serve(&slowConn{server, time.Duration(1+random.IntN(3)) * 100 * time.Millisecond}, h)
			return client, nil
		}
	}
	var octets int
	dial := a.Dial
	a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &counted{conn, &octets}, err
	}
	started := time.Now()
	_, err := walk(t.Context(), a)
	took := time.Since(started)
	if err != nil && !isClassified(err) {
		t.Errorf("an error without a class: %v", err)
	}
	const rate = 4 << 10 // octets a second that earn more time
	steps := strings.Count(h.commands(), "\n") + 2
	limit := time.Duration(steps)*(a.StepTimeout+time.Second) + time.Duration(octets)*time.Second/rate
	if errors.Is(err, mailbox.ErrTimeout) && took > limit {
		t.Errorf("%d steps and %d octets took %v: %v", steps, octets, took, err)
	}
	<-h.ended
}

// counted counts the octets received.
type counted struct {
	net.Conn
	octets *int
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	*c.octets += n
	return n, err
}
