package daemon

import (
	"context"
	"time"
)

// finishing returns a context for steps that a stop must not cut: between a commit and the DELE and QUIT that
// follow it, or in the middle of a message. It ends grace after ctx does, or when cancel is called.
func finishing(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-work.Done():
		}
	})
	return work, func() { stop(); cancel() }
}
