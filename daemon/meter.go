package daemon

import (
	"context"
	"errors"
	"time"

	"mailintegration/store"
)

// Meter is told how long the steps of the polls take. Its methods return at once, and may be called by several goroutines.
type Meter interface {
	// Polled is told of each poll that has ended, also of one that failed.
	Polled(took time.Duration)
	// Parsed is told of each message that was parsed, or given up on.
	Parsed(took time.Duration)
	// Committed is told of each batch that the store has recorded, or failed to.
	Committed(took time.Duration)
}

// noMeter measures nothing.
type noMeter struct{}

func (noMeter) Polled(time.Duration)    {}
func (noMeter) Parsed(time.Duration)    {}
func (noMeter) Committed(time.Duration) {}

// errNoFigures says that the database is not asked for figures.
var errNoFigures = errors.New("the database cannot be used now")

// Figures asks the database for what a monitoring system counts there. While the database cannot be used, it does not ask.
func (d *Daemon) Figures(ctx context.Context) (store.Figures, error) {
	d.mu.Lock()
	isUsable := d.database.Err == nil && !d.database.Since.IsZero()
	d.mu.Unlock()
	s := d.options().Store
	if s == nil || !isUsable {
		return store.Figures{}, errNoFigures
	}
	return s.Figures(ctx)
}
