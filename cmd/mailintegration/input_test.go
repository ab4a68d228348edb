package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"mailintegration/store/storetest"
)

// silentInput is a standard input that stays open and that nobody writes to.
type silentInput struct{ asked, over chan struct{} }

// newSilentInput returns a standard input that is silent until the end of the test.
func newSilentInput(t *testing.T) silentInput {
	s := silentInput{make(chan struct{}, 1), make(chan struct{})}
	t.Cleanup(func() { close(s.over) })
	return s
}

// Read implements io.Reader.
func (s silentInput) Read([]byte) (int, error) {
	s.asked <- struct{}{}
	<-s.over
	return 0, io.EOF
}

func TestAStopEndsTheWaitForAStandardInputThatNobodyWritesTo(t *testing.T) {
	t.Parallel()
	in := install(t, 1, "nobody", "none")
	for _, verb := range []string{
		"user import -", "user set-password daemon", "config encrypt --value", "config edit helpdesk --secret Password --no-test",
		"template set acknowledgement -", "template preview acknowledgement -",
	} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			stdin := newSilentInput(t)
			ctx, stop := context.WithCancel(t.Context())
			var stdout, stderr strings.Builder
			ended := make(chan int, 1)
			go func() { ended <- run(ctx, append(strings.Fields(verb), "-c", in.config), stdin, &stdout, &stderr) }()
			select {
			case code := <-ended:
				t.Fatalf("it ends with exit code %d before it has read: %s", code, &stderr)
			case <-stdin.asked:
			}
			stop()
			code := storetest.Await(t, "the verb ends", ended)
			if code != exitFailed || stdout.Len() > 0 || !strings.Contains(stderr.String(), context.Canceled.Error()) {
				t.Errorf("exit code %d, %s%s", code, &stdout, &stderr)
			}
		})
	}
}
