//go:build bench && linux

package bench

import (
	"net"
	"sync"
	"testing"
	"time"
)

// delayProxy listens on loopback and forwards all octets to and from target, each of them oneWay after it came, at any
// rate. The first octets of the server are later, as they would be after a handshake with that delay. (The kernel's own
// delay, sch_netem, is not available everywhere.)
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

// chunk is the octets of one read, and when to write them.
type chunk struct {
	due    time.Time
	octets []byte
}

// delay forwards the octets that from sends, the first of them later by extra, and then the end of the connection.
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
