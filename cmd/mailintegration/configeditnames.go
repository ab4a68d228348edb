package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mailintegration/config"
	"mailintegration/store"
)

// namesTime limits how long the database may take to say which names it has.
var namesTime = 10 * time.Second

// askForNames warns of names in the changed files that the database lacks, since the daemon polls no mailbox with such a name. It is
// the last step: root's process becomes the account of the daemon to ask the database, and could not write the file any more.
func (f *edited) askForNames() {
	ctx, cancel := context.WithTimeout(f.ctx, namesTime)
	defer cancel()
	own := *f.env
	own.ctx = ctx
	in, err := openToRead(&own)
	if errors.Is(err, errNoDatabase) {
		return // no daemon has run yet, and check says what to do
	}
	missing, isPolled := []store.UnresolvedName(nil), true
	if err == nil {
		defer in.close()
		missing, isPolled, err = f.missingNames(ctx, in)
	}
	if err != nil {
		printLine(f.stderr, "warning  the database was not asked whether it has the names in the file: %s", oneLine(err.Error()))
		return
	}
	for _, n := range missing {
		name := fmt.Sprintf("%s %q is not in the database", n.Tag, n.Name)
		if n.Name == "" {
			name = n.Tag + " is missing"
		}
		printLine(f.stderr, "warning  %s; %s", name, n.Hint)
	}
	if !isPolled {
		printLine(f.stderr, "The daemon does not poll a mailbox with such a name; its messages stay on the server.")
	}
}

// missingNames returns the names of the changed mailboxes and, for the service file, of the daemon's events that the database lacks,
// each once. It reports whether each mailbox is polled all the same.
func (f *edited) missingNames(ctx context.Context, in *installation) (missing []store.UnresolvedName, isPolled bool, err error) {
	isPolled = true
	note := func(names []store.UnresolvedName) {
		for _, n := range names {
			if !slices.Contains(missing, n) {
				missing = append(missing, n)
			}
		}
	}
	all := newWiring(in.service, tokenStore(in.service))
	for _, m := range in.service.Mailboxes {
		isChanged := m.File == f.path || slices.ContainsFunc(f.changes.Mailboxes, func(c config.MailboxChange) bool { return c.Name == m.Name })
		if !m.Enabled || !isChanged {
			continue
		}
		_, err := in.store.References(ctx, all.mailbox(m).Rules.Names)
		unresolved := new(store.UnresolvedError)
		switch {
		case errors.As(err, &unresolved):
			note(unresolved.Names)
			isPolled = false
		case err != nil:
			return nil, true, err
		}
	}
	if !f.isService() {
		return missing, isPolled, nil
	}
	refs, err := in.store.EventReferences(ctx, "", eventNames(in.service)...)
	if unresolved := new(store.UnresolvedError); errors.As(err, &unresolved) {
		refs.Missing, err = unresolved.Names, nil
	}
	note(refs.Missing)
	return missing, isPolled, err
}
