package daemon

import (
	"cmp"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// Hint says in one sentence what a person can do about err, "" when nothing is known.
func Hint(err error) string { return cmp.Or(mailbox.Hint(err), store.Hint(err)) }
