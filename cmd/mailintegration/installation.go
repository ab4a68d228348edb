package main

import (
	"context"
	"errors"
	"io"
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

// installation holds the configuration, the database and the log that a verb works with.
type installation struct {
	service  *config.Service
	warnings []config.Warning
	broken   *config.Error    // mistakes in mailbox files, nil for none
	server   *postgres.Server // the private PostgreSQL, nil when Database names another server
	store    *store.Store
	log      *zap.Logger
	logFile  *logFile // nil when the log goes to standard error only
}

// verbosity is how much a verb logs.
type verbosity int

const (
	logWarnings   verbosity = iota
	logConfigured           // as LogLevel says
)

// open reads the configuration, starts the private PostgreSQL if no database is configured, and brings the schema up to
// date. The caller closes the installation.
func open(e *env, v verbosity) (*installation, error) {
	service, warnings, broken, err := load(e)
	if err != nil {
		return nil, err
	}
	in := &installation{service: service, warnings: warnings, broken: broken}
	if err := in.openLog(e, v); err != nil {
		return nil, err
	}
	url, err := in.database(e.ctx)
	if err != nil {
		in.close()
		return nil, err
	}
	if err := in.openStore(e.ctx, url, v == logConfigured); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// openLog opens the log on standard error and, for the daemon, in the log directory if one is configured.
func (in *installation) openLog(e *env, v verbosity) (err error) {
	var files []io.Writer
	if v == logConfigured && in.service.LogDirectory != "" {
		if in.logFile, err = openLogFile(in.service.LogDirectory, time.Now); err != nil {
			return &directoryError{"log directory", "LogDirectory", err}
		}
		files = append(files, in.logFile)
	}
	in.log = newLogger(e.stderr, v.level(in.service), files...)
	if e.account != "" {
		in.events().rootDropped(e.account, e.owned)
	}
	return nil
}

// events returns the installation's log events.
func (in *installation) events() events { return events{in.log} }

// level returns the least important level that is logged.
func (v verbosity) level(service *config.Service) zapcore.Level {
	if v == logConfigured {
		level, err := zapcore.ParseLevel(string(service.LogLevel))
		if err == nil {
			return level
		}
	}
	return zapcore.WarnLevel
}

// database returns the URL of the database. It starts the private PostgreSQL if no other database is configured.
func (in *installation) database(ctx context.Context) (string, error) {
	if !in.service.DatabaseURL.IsEmpty() {
		return in.service.DatabaseURL.Reveal(), nil
	}
	server, err := postgres.Start(ctx, postgres.Options{
		DataDirectory: privateDatabase(in.service), Logger: in.log,
	})
	if err != nil {
		return "", dataError(err)
	}
	in.server = server
	return server.URL(), nil
}

// privateDatabase returns the directory of the private PostgreSQL.
func privateDatabase(service *config.Service) string {
	return filepath.Join(service.DataDirectory, "postgres")
}

// openStore brings the schema up to date and opens the store. A patient caller, the daemon, waits until the database can be
// reached and the share of the attachment directory is mounted, as it does when it loses them later.
func (in *installation) openStore(ctx context.Context, url string, patient bool) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := in.tryStore(ctx, url)
		if !patient || !store.IsUnreachable(err) && !errors.Is(err, store.ErrDirectory) {
			return err
		}
		in.events().storeUnusable(err, wait)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

func (in *installation) tryStore(ctx context.Context, url string) error {
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
			in.events().privateServerNotStopped(err)
		}
	}
	if in.logFile != nil {
		in.logFile.Close()
	}
}

// daemon returns the daemon for the configured mailboxes that are enabled.
func (in *installation) daemon(recorded func(string, *processor.Message, store.Outcome)) (*daemon.Daemon, error) {
	opts := daemon.Options{
		Store: in.store, Logger: in.log, Recorded: recorded,
		MaxPolls:           in.service.MaxConcurrentPolls,
		MessagesPerSession: in.service.MessagesPerSession,
		BatchMessages:      in.service.BatchMessages,
		Retention:          in.service.Retention.Duration(),
	}
	if err := makeSpool(in.service.SpoolDirectory); err != nil {
		return nil, err
	}
	tokens := tokenStore(in.service)
	for _, m := range in.service.Mailboxes {
		if m.Enabled {
			opts.Mailboxes = append(opts.Mailboxes, wire(in.service, m, tokens))
		}
	}
	return daemon.New(opts)
}

// mistakes returns the mistakes in mailbox files as an error, nil when there are none.
func (in *installation) mistakes() error {
	if in.broken == nil {
		return nil // not in.broken: a nil pointer in an error is not nil
	}
	return in.broken
}

// logConfiguration logs the warnings and each mistake in a mailbox file. The mailbox of such a file is not polled; the
// others are.
func (in *installation) logConfiguration() {
	for _, w := range in.warnings {
		in.events().configurationWarning(w)
	}
	for _, m := range in.service.Mailboxes {
		for _, silent := range withoutEffect(m) {
			in.events().settingWithoutEffect(m.Name, silent)
		}
	}
	if in.broken == nil {
		return
	}
	for _, m := range in.broken.Mistakes {
		in.events().mailboxNotPolled(m)
	}
}
