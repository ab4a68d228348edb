package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mailintegration/mailbox/pop3test"
	"mailintegration/store/storetest"
)

// signalled is a log that closes a channel when a text is written to it.
type signalled struct {
	mu     sync.Mutex
	text   string
	seen   chan struct{}
	octets bytes.Buffer
}

func (s *signalled) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.octets.Write(p)
	if s.text != "" && strings.Contains(s.octets.String(), s.text) {
		s.text = ""
		close(s.seen)
	}
	return len(p), nil
}

// next forgets the log so far and returns a channel that is closed when text is written.
func (s *signalled) next(text string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.octets.Reset()
	s.text, s.seen = text, make(chan struct{})
	return s.seen
}

// TestRunWaitsForAShareThatIsNotMounted plays a machine that starts its services before it mounts the share.
func TestRunWaitsForAShareThatIsNotMounted(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword) // the directory is claimed
	attachments := filepath.Join(filepath.Dir(in.config), "attachments")
	if err := os.Rename(attachments, attachments+".share"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	log := &signalled{}
	unusable := log.next("attachment directory unusable")
	ended := make(chan int)
	go func() { ended <- run(ctx, []string{"run", "-c", in.config}, nil, log, log) }()
	<-unusable
	usable := log.next("database usable")
	if err := os.Rename(attachments+".share", attachments); err != nil {
		t.Error(err)
	}
	<-usable
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, &log.octets)
	}
}

// TestRunWaitsForADatabaseThatIsDown starts the daemon without a database and stops it after the database is up.
func TestRunWaitsForADatabaseThatIsDown(t *testing.T) {
	t.Parallel()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.Add("helpdesk", []byte("Subject: waiting\r\n\r\n"))
	in := install(t, srv.Port(), "helpdesk", pop3test.DefaultPassword)
	proxy := storetest.NewProxy(t, in.rows.Config().ConnString())
	service, err := os.ReadFile(in.config)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(filepath.Dir(in.config), "behind-a-proxy.xml")
	behind := strings.Replace(string(service), in.rows.Config().ConnString(), proxy.URL, 1)
	if err := os.WriteFile(config, []byte(behind), 0o600); err != nil {
		t.Fatal(err)
	}

	proxy.Refuse()
	ctx, stop := context.WithCancel(t.Context())
	log := &signalled{}
	unreachable := log.next("database unreachable")
	ended := make(chan int)
	go func() { ended <- run(ctx, []string{"run", "-c", config}, nil, log, log) }()
	<-unreachable
	usable := log.next("database usable")
	proxy.Pass()
	<-usable
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, &log.octets)
	}
	if !strings.Contains(log.octets.String(), "daemon stopped") {
		t.Errorf("no line about the stop in\n%s", &log.octets)
	}
}
