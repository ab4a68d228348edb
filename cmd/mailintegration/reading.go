package main

import (
	"context"
	"errors"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/store"
	"mailintegration/store/postgres"
)

// errNoDatabase says that the private database was never made.
var errNoDatabase = errors.New("there is no database yet")

// openToRead opens the installation for a verb that only reads. It brings no schema up to date under a daemon that runs,
// and makes no database. The caller closes the installation.
func openToRead(e *env) (*installation, error) {
	service, warnings, broken, err := load(e)
	if err != nil {
		return nil, err
	}
	in := &installation{service: service, warnings: warnings, broken: broken, log: newLogger(e.stderr, zapcore.WarnLevel)}
	if err := in.openReadOnly(e.ctx); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// openReadOnly opens the store so that nothing can be changed. It is an error when the schema is not this program's.
func (in *installation) openReadOnly(ctx context.Context) error {
	url, err := in.existingDatabase(ctx)
	if err != nil {
		return err
	}
	in.store, err = store.Open(ctx, store.Options{URL: url, AttachmentDirectory: in.service.AttachmentDirectory, ReadOnly: true})
	return err
}

// existingDatabase returns the URL of the database, having started the private one, but not made it.
func (in *installation) existingDatabase(ctx context.Context) (string, error) {
	if !hasDatabase(in.service) {
		return "", &failure{
			code: exitFailed, err: errNoDatabase,
			hint: "mailintegration db migrate makes it in DataDirectory, " + in.service.DataDirectory,
		}
	}
	return in.database(ctx)
}

// hasDatabase reports whether there is a database: one that is configured, or a private one that was made.
func hasDatabase(service *config.Service) bool {
	return !service.DatabaseURL.IsEmpty() || postgres.Exists(privateDatabase(service))
}
