package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/postgres"
)

// stopTimeout bounds how long the private PostgreSQL may take to stop.
const stopTimeout = 30 * time.Second

// installation is what a verb works on: the configuration, the database and the log.
type installation struct {
	service *config.Service
	broken  *config.Error    // mistakes in mailbox files, nil for none
	server  *postgres.Server // nil when the database is one of its own
	store   *store.Store
	log     *zap.Logger
}

// verbosity is how much a verb logs.
type verbosity int

const (
	logWarnings   verbosity = iota
	logConfigured           // as LogLevel says
)

// load reads the configuration and prints its warnings. Mistakes in mailbox files are returned beside the
// service: the other mailboxes are none the worse for them.
func load(e *env) (service *config.Service, broken *config.Error, err error) {
	service, warnings, err := config.LoadService(e.config)
	for _, w := range warnings {
		fmt.Fprintln(e.stderr, "warning:", w)
	}
	if service != nil && errors.As(err, &broken) {
		return service, broken, nil
	}
	return service, nil, err
}

// open reads the configuration, starts the private PostgreSQL where none is configured, and brings the schema
// up to date. The caller closes the installation.
func open(e *env, v verbosity) (*installation, error) {
	service, broken, err := load(e)
	if err != nil {
		return nil, err
	}
	in := &installation{service: service, broken: broken, log: newLogger(e.stderr, v.level(service))}
	url, err := in.database(e.ctx)
	if err != nil {
		return nil, err
	}
	if err := in.openStore(e.ctx, url); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// level is the least level that is logged.
func (v verbosity) level(service *config.Service) zapcore.Level {
	if v == logConfigured {
		level, err := zapcore.ParseLevel(string(service.LogLevel))
		if err == nil {
			return level
		}
	}
	return zapcore.WarnLevel
}

// database returns the URL of the database, having started the private one if there is no other.
func (in *installation) database(ctx context.Context) (string, error) {
	if !in.service.DatabaseURL.IsEmpty() {
		return in.service.DatabaseURL.Reveal(), nil
	}
	server, err := postgres.Start(ctx, postgres.Options{
		DataDirectory: filepath.Join(in.service.DataDirectory, "postgres"), Logger: in.log,
	})
	if err != nil {
		return "", err
	}
	in.server = server
	return server.URL(), nil
}

func (in *installation) openStore(ctx context.Context, url string) error {
	if _, err := store.Migrate(ctx, url); err != nil {
		return err
	}
	var err error
	in.store, err = store.Open(ctx, store.Options{
		URL: url, AttachmentDirectory: in.service.AttachmentDirectory, MaxConns: int32(2*in.service.MaxConcurrentPolls + 4),
	})
	return err
}

// close ends what open started.
func (in *installation) close() {
	if in.store != nil {
		in.store.Close()
	}
	if in.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := in.server.Stop(ctx); err != nil {
			in.log.Warn("private PostgreSQL not stopped", zap.Error(err))
		}
	}
	in.log.Sync()
}

// daemon returns the daemon for the configured mailboxes that are enabled.
func (in *installation) daemon(recorded func(string, *processor.Message, store.Outcome)) (*daemon.Daemon, error) {
	opts := daemon.Options{
		Store: in.store, Logger: in.log, Recorded: recorded,
		MaxPolls:           in.service.MaxConcurrentPolls,
		MessagesPerSession: in.service.MessagesPerSession,
		BatchMessages:      in.service.BatchMessages,
	}
	tokens := tokenStore(in.service)
	for _, m := range in.service.Mailboxes {
		if m.Enabled {
			opts.Mailboxes = append(opts.Mailboxes, wire(m, tokens))
		}
	}
	return daemon.New(opts)
}

// complaint is the error of an installation some of whose mailbox files are broken, nil when none is.
func (in *installation) complaint() error {
	if in.broken == nil {
		return nil
	}
	return in.broken
}

// logBroken logs each mistake in the mailbox files: their mailboxes are not polled, the others are.
func (in *installation) logBroken() {
	if in.broken == nil {
		return
	}
	for _, m := range in.broken.Mistakes {
		in.log.Error("mailbox not polled", zap.String("mistake", m.String()),
			zap.String("hint", "correct the file and start again; mailintegration check tells whether it is right"))
	}
}
