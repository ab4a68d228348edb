//go:build wine

package winetest

import (
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"mailintegration/mailbox/dovecottest"
	"mailintegration/store/storetest"
)

// host returns the environment that tells the Windows tests of the servers of this machine.
func host(t *testing.T) []string {
	t.Helper()
	return []string{
		storetest.ServerEnvironment + "=" + overLoopback(t, storetest.Empty(t).URL),
		dovecottest.HostEnvironment + "=" + dovecottest.Serve(t),
	}
}

// overLoopback returns the URL of a database at a port of the loopback interface. The server of storetest listens at a socket
// only, which Windows programs cannot reach.
func overLoopback(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	if query.Get("host") == "" {
		return database
	}
	u.Host = forward(t, filepath.Join(query.Get("host"), ".s.PGSQL."+query.Get("port")))
	query.Del("host")
	query.Del("port")
	u.RawQuery = query.Encode()
	return u.String()
}

// forward returns an address of the loopback interface that leads to a Unix socket, until the test ends.
func forward(t *testing.T, socket string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			go join(from, socket)
		}
	}()
	return l.Addr().String()
}

// join copies between a connection and a new one to a socket, until both sides have ended.
func join(from net.Conn, socket string) {
	defer from.Close()
	to, err := net.Dial("unix", socket)
	if err != nil {
		return // the client sees a closed connection, as with a server that is down
	}
	defer to.Close()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(to, from); _ = to.(*net.UnixConn).CloseWrite() })
	both.Go(func() { _, _ = io.Copy(from, to); _ = from.(*net.TCPConn).CloseWrite() })
	both.Wait()
}
