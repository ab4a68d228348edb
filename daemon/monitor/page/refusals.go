package page

import (
	"sync"
	"time"
)

const (
	// refusalSpan is the time over which refused log-ins are counted.
	refusalSpan = time.Minute
	// manyRefusals is how many refused log-ins in this time are answered as too many. A token that is right is never refused: nobody
	// guesses one, and nobody who tries keeps others from logging in.
	manyRefusals = 10
)

// refusals counts log-ins that were refused, so that a flood of them is a line of the log a minute.
type refusals struct {
	mu     sync.Mutex
	since  time.Time
	number int // since then
	untold int
}

// note counts one. It returns how many there are to be told, 0 for none yet, and whether there are too many.
func (r *refusals) note(now time.Time) (told int, tooMany bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.untold++
	if age := now.Sub(r.since); age < 0 || age >= refusalSpan {
		r.since, r.number = now, 0
		told, r.untold = r.untold, 0
	}
	r.number++
	return told, r.number > manyRefusals
}

// noteRefusal notes a refused log-in, and reports whether there are too many.
func (p *Page) noteRefusal(from string) (tooMany bool) {
	told, tooMany := p.refusals.note(p.now())
	if told > 0 {
		p.log.LogInRefused(told, from)
	}
	return tooMany
}
