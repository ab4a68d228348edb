package main

import (
	"fmt"

	"go.uber.org/zap/zapcore"

	"mailintegration/store"
)

type attachmentsCmd struct {
	Adopt attachmentsAdoptCmd `cmd:"" help:"Make the attachment directory this database's. First make sure that it is the right one."`
}

type attachmentsAdoptCmd struct{}

// Help returns the text that --help prints before the flags.
func (attachmentsAdoptCmd) Help() string {
	return "The daemon writes and removes attachments only in a directory that its database has marked as its own. Adopt marks the " +
		"directory that AttachmentDirectory names, whatever mark it had. Use it if the database was moved, or restored from a " +
		"backup, and is now the one in use; or if the attachments were moved to another directory. First mount the share, and make " +
		"sure that no other database uses the directory: from then on, the daemon removes files that this database does not name."
}

// Run marks the directory as the database's.
func (attachmentsAdoptCmd) Run(e *env) error {
	service, _, _, err := load(e)
	if err != nil {
		return err
	}
	in := &installation{service: service, log: newLogger(e.stderr, zapcore.WarnLevel)}
	defer in.close()
	url, err := in.existingDatabase(e.ctx)
	if err != nil {
		return err
	}
	if _, err := store.Migrate(e.ctx, url); err != nil {
		return err
	}
	in.store, err = store.Open(e.ctx, store.Options{URL: url, AttachmentDirectory: service.AttachmentDirectory, Adopt: true})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s belongs to this database from now on\n", service.AttachmentDirectory)
	return err
}
