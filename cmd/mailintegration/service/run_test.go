package service

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestRunReturnsWhatTheDaemonReturns(t *testing.T) {
	t.Parallel()
	want := errors.New("no log directory")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for name, daemon := range map[string]func(context.Context, Manager) error{
		"a daemon that cannot start": func(context.Context, Manager) error { return want },
		"a daemon that stops": func(ctx context.Context, _ Manager) error {
			stop()
			<-ctx.Done()
			return want
		},
	} {
		if err := limited(daemon, time.Hour)(ctx, Unmanaged{}); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAStopThatHangsHasAnEnd(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	hangs := make(chan struct{})
	defer close(hangs)
	err := limited(func(context.Context, Manager) error {
		<-hangs
		return nil
	}, time.Millisecond)(ctx, Unmanaged{})
	if !errors.Is(err, ErrStopTooSlow) {
		t.Errorf("Run returned %v", err)
	}
}
