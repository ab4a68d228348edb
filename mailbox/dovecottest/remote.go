package dovecottest

import (
	"crypto/x509"
	"net/rpc"
	"os"
	"testing"
	"time"
)

// HostEnvironment is the environment variable with the address of a Host. Where it is set, Start has the host start the server:
// it knows Deliver, Count, Log and Stop, but not what changes a server that runs.
const HostEnvironment = "MAILINTEGRATION_TEST_DOVECOT"

// answerTimeout limits a call of the host, which starts a server at most.
const answerTimeout = startTimeout + stopTimeout

// remote is a server that a Host has started.
type remote struct {
	tb     testing.TB
	client *rpc.Client
	number int
}

// startAt has the host start a server, which ends with the host's test.
func startAt(tb testing.TB, host string, o Options) *Server {
	tb.Helper()
	client, err := rpc.Dial("tcp", host)
	if err != nil {
		tb.Fatalf("%v: correct %s", err, HostEnvironment)
	}
	r := &remote{tb: tb, client: client}
	var started Started
	r.call("Start", o, &started)
	r.number = started.Number
	tb.Cleanup(func() {
		r.call("Stop", r.number, new(struct{}))
		client.Close()
	})
	root, err := x509.ParseCertificate(started.Root)
	if err != nil {
		tb.Fatal(err)
	}
	return &Server{Host: "127.0.0.1", Port: started.Port, TLSPort: started.TLSPort, tb: tb, root: root, remote: r}
}

// call calls a method of the host, and fails the test if the host does not answer. It fails in the host when the test there has
// failed.
func (r *remote) call(method string, argument, reply any) {
	r.tb.Helper()
	limit := time.NewTimer(answerTimeout)
	defer limit.Stop()
	select {
	case c := <-r.client.Go("Host."+method, argument, reply, make(chan *rpc.Call, 1)).Done:
		if c.Error != nil {
			r.tb.Fatalf("%s at %s: %v", method, os.Getenv(HostEnvironment), c.Error)
		}
	case <-limit.C:
		r.tb.Fatalf("%s at %s: no answer in %s", method, os.Getenv(HostEnvironment), answerTimeout)
	}
}
