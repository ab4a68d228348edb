//go:build bench && linux

package bench

import (
	"errors"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"testing"
	"time"
)

// load is the process of a Maildrops.
type load struct {
	*testing.T
	client *rpc.Client
}

// startLoad starts the process. It ends with the test.
func startLoad(t *testing.T) *load {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serving+"=1")
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := &load{T: t, client: rpc.NewClient(pipes{out, in})}
	t.Cleanup(func() {
		_ = l.client.Close() // this ends the process's standard input, and with it the process
		_ = cmd.Wait()
	})
	return l
}

// pipes is a connection to the process.
type pipes struct {
	io.Reader
	io.WriteCloser
}

// call calls a method of Maildrops.
func (l *load) call(method string, args, reply any) {
	l.Helper()
	if err := l.client.Call("Maildrops."+method, args, reply); err != nil {
		l.Fatalf("load server: %s: %v", method, err)
	}
}

func (l *load) listen(line Line) (at Address) {
	l.Helper()
	l.call("Listen", line, &at)
	return at
}

// deliver delivers mails and returns the time of the last one.
func (l *load) deliver(d Delivery) (at time.Time) {
	l.Helper()
	l.call("Deliver", d, &at)
	return at
}

func (l *load) logins() (all map[string][]Login) {
	l.Helper()
	l.call("Logins", true, &all)
	return all
}

func (l *load) mails() (all []Mail) {
	l.Helper()
	l.call("Mails", true, &all)
	return all
}

func (l *load) totals() (t Totals) {
	l.Helper()
	l.call("Count", true, &t)
	return t
}

// await waits until done is true of the totals, and returns false when that takes longer than the limit.
func (l *load) await(limit time.Duration, done func(Totals) bool) bool {
	l.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for !done(l.totals()) {
		select {
		case <-tick.C:
		case <-late:
			return false
		}
	}
	return true
}
