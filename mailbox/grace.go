package mailbox

import (
	"context"
	"time"
)

// WithGrace returns a context for steps that a stop must not interrupt: from a commit to the DELE and QUIT after it, in
// the middle of a message, or from a new refresh token to its file. It ends when grace has passed after the end of ctx,
// or when cancel is called.
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
