//go:build bench && linux

package bench

import (
	"net"
	"sync"
	"testing"
	"time"
)

// delayProxy listens on loopback and hands all octets on to target, each oneWay after it came, without a limit on
// their rate. The first octets of the server come as late as they would behind a handshake of that delay. (The
// kernel's own delay, sch_netem, is not everywhere.)
func delayProxy(t *testing.T, target string, oneWay time.Duration) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			running.Go(func() { delay(server, client, oneWay, 0) })
			running.Go(func() { delay(client, server, oneWay, 3*oneWay) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// chunk is what was read at once, and when it is to be written.
type chunk struct {
	due    time.Time
	octets []byte
}

// delay hands on what from sends, the first of it later by extra, and then that it has ended.
func delay(to, from net.Conn, oneWay, extra time.Duration) {
	chunks := make(chan chunk, 4096)
	go func() {
		defer close(chunks)
		for buffer := make([]byte, 64<<10); ; extra = 0 {
			n, err := from.Read(buffer)
			if n > 0 {
				chunks <- chunk{time.Now().Add(oneWay + extra), append([]byte(nil), buffer[:n]...)}
			}
			if err != nil {
				return
			}
		}
	}()
	var err error
	for c := range chunks {
		<-time.After(time.Until(c.due))
		if err == nil {
			_, err = to.Write(c.octets)
		}
	}
	<-time.After(oneWay)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite() // the other end may have closed it
	}
}
