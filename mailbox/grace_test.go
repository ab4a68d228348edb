package mailbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
)

func TestTheContextLastsForTheGraceAfterAStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		work, cancel := mailbox.WithGrace(ctx, 20*time.Second)
		defer cancel()
		stop()
		stopped := time.Now()
		synctest.Wait()
		if work.Err() != nil {
			t.Fatal("the context ended with the stop")
		}
		<-work.Done()
		if waited := time.Since(stopped); waited != 20*time.Second {
			t.Errorf("the context ended %v after the stop", waited)
		}
	})
}

func TestCancelEndsTheContextAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		work, cancel := mailbox.WithGrace(ctx, time.Hour)
		stop()
		cancel()
		<-work.Done()
	})
}
