//go:build unix

package mailbox_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
)

// serverOfBenchmark, in the environment, makes TestServerOfBenchmark serve.
const serverOfBenchmark = "MAILINTEGRATION_BENCHMARK_SERVER"

// TestServerOfBenchmark serves BenchmarkIdlePoll from a process of its own, so that the benchmark measures the client.
func TestServerOfBenchmark(t *testing.T) {
	mode, err := strconv.Atoi(os.Getenv(serverOfBenchmark))
	if err != nil {
		t.Skip("only for BenchmarkIdlePoll")
	}
	srv := empty(t, pop3test.Options{TLS: pop3test.TLSMode(mode)})
	fmt.Printf("%d\n%s\n", srv.Port(), srv.RootsPEM())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the benchmark ends
}

// BenchmarkIdlePoll measures the processor time that a session with an empty maildrop takes, system calls included.
func BenchmarkIdlePoll(b *testing.B) {
	for _, bb := range []struct {
		name     string
		mode     pop3test.TLSMode
		security mailbox.Security
		resumes  bool
	}{
		{"plain", pop3test.NoTLS, mailbox.None, false},
		{"TLS", pop3test.ImplicitTLS, mailbox.SslOnConnect, true},
		{"TLS without resumption", pop3test.ImplicitTLS, mailbox.SslOnConnect, false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			a := startServer(b, bb.mode)
			a.Security = bb.security
			if bb.resumes {
				a.TLSSessions = &mailbox.TLSSessions{}
			}
			b.ReportAllocs()
			started := processorTime(b)
			for b.Loop() {
				idleSession(b, a)
			}
			b.ReportMetric(float64(processorTime(b)-started)/float64(time.Microsecond)/float64(b.N), "cpu-µs/op")
		})
	}
}

// startServer starts TestServerOfBenchmark and returns an account on it.
func startServer(b *testing.B, mode pop3test.TLSMode) mailbox.Account {
	b.Helper()
	server := exec.Command(os.Args[0], "-test.run=^TestServerOfBenchmark$")
	server.Env = append(os.Environ(), serverOfBenchmark+"="+strconv.Itoa(int(mode)))
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = server.Wait()
	})
	lines := bufio.NewReader(out)
	number, err := lines.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil {
		b.Fatal(err)
	}
	var certificate strings.Builder
	for !strings.HasSuffix(certificate.String(), "-----END CERTIFICATE-----\n") {
		line, err := lines.ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		certificate.WriteString(line)
	}
	roots := x509.NewCertPool()
	if block, _ := pem.Decode([]byte(certificate.String())); block == nil || !roots.AppendCertsFromPEM([]byte(certificate.String())) {
		b.Fatal("the server sent no certificate")
	}
	return mailbox.Account{
		Server: "127.0.0.1", Port: port, UserName: "helpdesk", Password: pop3test.DefaultPassword, Roots: roots,
	}
}

// idleSession opens, and quits, a session with an empty maildrop.
func idleSession(b *testing.B, a mailbox.Account) {
	ctx := context.Background()
	s, err := mailbox.Open(ctx, a)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.List(ctx); err != nil {
		b.Fatal(err)
	}
	if err := s.Quit(ctx); err != nil {
		b.Fatal(err)
	}
}

// processorTime returns the processor time that this process has used, within the kernel too.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
