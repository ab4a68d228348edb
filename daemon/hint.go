package daemon

import (
	"errors"

	"mailintegration/mailbox"
	"mailintegration/store"
)

// Hint says in one sentence what a person can do about err, "" when nothing is known.
func Hint(err error) string {
	if hint := mailbox.Hint(err); hint != "" {
		return hint
	}
	var names *store.UnresolvedError
	if errors.As(err, &names) {
		return names.Hint()
	}
	if errors.Is(err, store.ErrUnavailable) {
		return "the database did not answer; the mail stays in the mailbox until it does"
	}
	return ""
}
