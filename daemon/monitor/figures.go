package monitor

import (
	"context"
	"sync"
	"time"

	"mailintegration/store"
)

// figuresEvery is how often the database is asked at most, however many servers scrape.
const figuresEvery = 15 * time.Second

// figures remembers what the database has counted last. An error is remembered, too: a database in trouble is not asked more often.
type figures struct {
	ask      func(context.Context) (store.Figures, error)
	now      func() time.Time
	patience time.Duration

	mu    sync.Mutex // held while the database is asked, so that it is asked once
	at    time.Time  // of the last answer, zero before the first
	last  store.Figures
	fault error
}

// get returns what the database has counted less than figuresEvery ago, or asks it.
func (f *figures) get() (store.Figures, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if age := f.now().Sub(f.at); f.at.IsZero() || age >= figuresEvery || age < 0 {
		ctx, cancel := context.WithTimeout(context.Background(), f.patience)
		defer cancel()
		f.last, f.fault = f.ask(ctx)
		f.at = f.now()
	}
	return f.last, f.fault
}
