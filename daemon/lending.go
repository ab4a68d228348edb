package daemon

import (
	"context"
	"errors"
	"sync"
)

// errStops says that the daemon closes the store.
var errStops = errors.New("the daemon stops")

// lending ends what people do with the store when the daemon closes it, so that they do not hold up a stop. Its zero value is for a
// store that the daemon does not close.
type lending struct {
	mu     sync.Mutex
	closes context.Context // nil before begin
	cancel context.CancelFunc
}

// begin notes that the store is open.
func (l *lending) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closes, l.cancel = context.WithCancel(context.Background())
}

// end ends what is under way.
func (l *lending) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
	}
}

// until returns a context that ends with ctx, or with the cause errStops before the store is closed. done must be called.
func (l *lending) until(ctx context.Context) (_ context.Context, done func()) {
	l.mu.Lock()
	closes := l.closes
	l.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	if closes == nil {
		return ctx, func() { cancel(nil) }
	}
	stop := context.AfterFunc(closes, func() { cancel(errStops) })
	return ctx, func() { stop(); cancel(nil) }
}
