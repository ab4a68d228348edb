package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stopper is an output that stops the program when a text appears in it.
type stopper struct {
	bytes.Buffer
	text string
	stop context.CancelFunc
}

// Write implements io.Writer.
func (s *stopper) Write(p []byte) (int, error) {
	defer func() {
		if strings.Contains(s.String(), s.text) {
			s.stop()
		}
	}()
	return s.Buffer.Write(p)
}

func TestAStopBeforeThePersonHasSignedInAuthorizesNothing(t *testing.T) {
	t.Parallel()
	mail, endpoint := tokenServers(t)
	dir := t.TempDir()
	files := map[string]string{
		"service.xml": "<MailIntegrationService><DataDirectory>data</DataDirectory><Mailboxes>box.xml</Mailboxes>" +
			"<Login>daemon</Login><Team>IT</Team></MailIntegrationService>",
		"box.xml": fmt.Sprintf("<MailIntegration><MessageProcessorTypeName>EventMailMessageProcessor</MessageProcessorTypeName>"+
			"<ServerName>%s</ServerName><Port>%d</Port><UserName>%s</UserName><Authentication>Azure</Authentication>"+
			"<ClientId>c</ClientId><TenantId>good</TenantId><AuthorityURL>%s</AuthorityURL></MailIntegration>",
			mail.Host(), mail.Port(), tokenUser, endpoint),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, stderr := &stopper{text: "Waiting", stop: cancel}, &bytes.Buffer{}
	code := run(ctx, []string{"--config", filepath.Join(dir, "service.xml"), "mailbox", "authorize", "box"}, nil, stdout, stderr)
	if want := "mailintegration: stopped: nothing was authorized\n"; code != exitFailed || stderr.String() != want {
		t.Errorf("exit code %d, %q, want %q\n%s", code, stderr, want, stdout)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "data", "tokens", "*")); err != nil || len(left) > 0 {
		t.Errorf("%v is stored, %v", left, err)
	}
}
