package page

import (
	"context"
	"crypto/subtle"
	"errors"
	"sync"
	"time"

	"mailintegration/store"
)

const (
	// tokensKept is how long the page relies on what it knows of the tokens: a token that was revoked ends its sessions within
	// this time.
	tokensKept = 5 * time.Second
	// tokensRenewed is the same for a log-in with a token that the page does not know: it may be new.
	tokensRenewed = time.Second
	// tokensPatience is how long a visit waits for the database to tell the tokens.
	tokensPatience = 3 * time.Second
)

// errStale says that the database does not tell the tokens now. Those that it told before go with it.
var errStale = errors.New("the database does not tell the tokens")

// tokens are the tokens in force, kept in memory: however many people, or attackers, try tokens, the database is asked for all of
// them at once, at most every second.
type tokens struct {
	ask      func(context.Context) ([]store.PageToken, error)
	now      func() time.Time
	patience time.Duration

	mu      sync.Mutex
	known   []store.PageToken
	hasAny  bool          // the database has told them once
	askedAt time.Time     // when the last question began
	failed  error         // of the last question
	asking  chan struct{} // closed when the question under way has its answer, nil while there is none
}

// inForce returns the tokens in force as they were at most some time ago. The error is errStale, with the tokens as they were
// before, if the database does not answer, and another one if it never has.
func (t *tokens) inForce(kept time.Duration) ([]store.PageToken, error) {
	if answered := t.renew(kept); answered != nil {
		timer := time.NewTimer(t.patience)
		defer timer.Stop()
		select {
		case <-answered:
		case <-timer.C:
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.hasAny && t.failed == nil:
		return nil, errNoDatabase // it has not answered yet
	case !t.hasAny:
		return nil, t.failed
	case t.failed != nil || t.asking != nil:
		return t.unexpired(), errStale
	}
	return t.unexpired(), nil
}

// unexpired returns the known tokens that have not expired by the clock of this machine.
func (t *tokens) unexpired() (all []store.PageToken) {
	now := t.now()
	for _, known := range t.known {
		if known.ExpiresAt == nil || known.ExpiresAt.After(now) {
			all = append(all, known)
		}
	}
	return all
}

// renew asks the database if what is known is older than some time. It returns a channel that is closed when the answer is there,
// nil if there is nothing to wait for.
func (t *tokens) renew(kept time.Duration) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	age := now.Sub(t.askedAt)
	if t.asking != nil || !t.askedAt.IsZero() && age >= 0 && age < kept {
		return t.asking
	}
	answered := make(chan struct{})
	t.asking, t.askedAt = answered, now
	go func() {
		defer close(answered)
		ctx, cancel := context.WithTimeout(context.Background(), t.patience)
		defer cancel()
		all, err := t.ask(ctx)
		t.note(all, err)
	}()
	return answered
}

// note notes an answer of the database.
func (t *tokens) note(all []store.PageToken, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asking, t.failed = nil, err
	if err == nil {
		t.known, t.hasAny = all, true
	}
}

// find returns the token in force that a person has typed. It compares all of them, in a time that does not depend on where they
// differ. isThere is false if none is it; the error says that this is not known.
func (t *tokens) find(typed string) (found store.PageToken, isThere bool, err error) {
	hash := store.HashPageToken(typed)
	for _, kept := range []time.Duration{tokensKept, tokensRenewed} {
		var inForce []store.PageToken
		inForce, err = t.inForce(kept)
		for _, one := range inForce {
			if subtle.ConstantTimeCompare(one.Hash, hash[:]) == 1 {
				found, isThere = one, true
			}
		}
		if isThere {
			return found, true, nil
		}
	}
	return store.PageToken{}, false, err
}
