package mailbox

import (
	"context"
	"time"
)

// WithGrace returns a context for steps that a stop must not cut: between a commit and the DELE and QUIT that follow it,
// in the middle of a message, or between a new refresh token and its file. It ends grace after ctx does, or when cancel
// is called.
func WithGrace(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
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
