package store

import (
	"cmp"
	"context"
	"time"
)

// mostAtOnce is the largest number of messages that one query of a search returns.
const mostAtOnce = 1_000

// FindMessages lists what became of messages as Messages does, and looks on until it has found f.Limit of them, or the time for it
// is over; 0 is no limit. Where the page has a Next, the search has not looked at what is older.
func (s *Store) FindMessages(ctx context.Context, f MessageFilter, within time.Duration) (MessagePage, error) {
	limit, begun := cmp.Or(max(f.Limit, 0), defaultMessages), time.Now()
	found := MessagePage{Messages: []MessageSummary{}}
	for {
		f.Limit = min(limit-len(found.Messages), mostAtOnce)
		page, err := s.Messages(ctx, f)
		if err != nil {
			return MessagePage{}, err
		}
		found.Messages = append(found.Messages, page.Messages...)
		found.Next, f.Before = page.Next, page.Next
		if isOver := within > 0 && time.Since(begun) >= within; isOver || page.Next == nil || len(found.Messages) >= limit {
			return found, nil
		}
	}
}

// At returns when the message at a place was accepted: a search that ended there has looked at all that came later.
func (c MessageCursor) At() time.Time { return c.at.UTC() }
