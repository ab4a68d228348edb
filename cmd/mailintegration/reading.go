package main

import (
	"context"
	"errors"

	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/store"
	"mailintegration/store/postgres"
)

// errNoDatabase says that the private database has not been made.
var errNoDatabase = errors.New("there is no database yet")

// openToRead opens the installation for a verb that only reads. It makes no database and does not migrate the schema, which
// a running daemon may be using. The caller closes the installation.
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

// openReadOnly opens the store for reading only. It returns an error if the schema is of another version.
func (in *installation) openReadOnly(ctx context.Context) error {
	url, err := in.existingDatabase(ctx)
	if err != nil {
		return err
	}
	in.store, err = store.Open(ctx, store.Options{URL: url, AttachmentDirectory: in.service.AttachmentDirectory, ReadOnly: true})
	return err
}

// existingDatabase returns the URL of the database. It starts the private PostgreSQL, but does not make it.
func (in *installation) existingDatabase(ctx context.Context) (string, error) {
	if !hasDatabase(in.service) {
		return "", &failure{
			code: exitFailed, err: errNoDatabase,
			hint: "run mailintegration db migrate to make it in DataDirectory, " + in.service.DataDirectory,
		}
	}
	return in.database(ctx)
}

// hasDatabase reports whether a database is configured, or a private one exists.
func hasDatabase(service *config.Service) bool {
	return !service.DatabaseURL.IsEmpty() || postgres.Exists(privateDatabase(service))
}
