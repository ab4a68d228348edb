package store

import (
	"context"
	"time"
)

// ThreadQuery is what leads from Message-IDs to requests.
const ThreadQuery = threadQuery

// AcceptanceLock is the lock that acceptances share.
const AcceptanceLock = acceptanceLock

// OfRequests are the foreign keys that do not name reference data.
var OfRequests = ofRequests

// ShortLimits make a test of what happens at a limit a short one.
func (s *Store) ShortLimits(lock, statement, files time.Duration) {
	s.lockTime, s.statementTime = lock, statement
	s.attachments.runner.limit = func(int64) time.Duration { return files }
}

// SetPatience changes how long the store waits for the database, also on connections that are open.
func (s *Store) SetPatience(d time.Duration) { s.setPatience(d) }

// DefaultPatience is that of a store whose Options do not say.
const DefaultPatience = defaultPatience

// MigrateWithin is Migrate that waits for a lock no longer than lockTime.
func MigrateWithin(ctx context.Context, url string, lockTime time.Duration) ([]string, error) {
	return migrate(ctx, url, lockTime)
}

// OnFiles lets a test stand before each step of the store's work on files and rows of the attachment directory: step may
// wait, or return an error with which the step fails. A limit of 0 is the usual one. It is called before the store is used.
func (s *Store) OnFiles(limit time.Duration, step func(name string) error) {
	s.attachments.runner.step = step
	if limit > 0 {
		s.attachments.runner.limit = func(int64) time.Duration { return limit }
	}
}

// FileLimit is how long work on so many octets may take.
var FileLimit = fileLimit

// IsStuck reports whether work on files was left behind and has not returned.
func (s *Store) IsStuck() bool { return s.attachments.runner.isStuck() }
