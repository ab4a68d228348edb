package page

import "mailintegration/store"

// Desk is the part of the database that the page asks. Each section has an interface of its own for it.
type Desk interface {
	deskMailboxes
	deskTokens
	deskMessages
	deskTrouble
	deskOutbox
	deskRequests
	deskAsides
}

var _ Desk = (*store.Store)(nil)
