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

// installation is what a verb works on: the configuration, the database and the log.
type installation struct {
	service  *config.Service
	warnings []config.Warning
	broken   *config.Error    // mistakes in mailbox files, nil for none
	server   *postgres.Server // nil when the database is one of its own
	store    *store.Store
	log      *zap.Logger
	logFile  *logFile // nil where only standard error gets the log
}

// verbosity is how much a verb logs.
type verbosity int

const (
	logWarnings   verbosity = iota
	logConfigured           // as LogLevel says
)

// load reads the configuration and, if root runs this, goes on as the account that owns the data directory. Mistakes in
// mailbox files are returned beside the service: the other mailboxes are none the worse for them.
func load(e *env) (service *config.Service, warnings []config.Warning, broken *config.Error, err error) {
	service, warnings, err = config.LoadService(e.config)
	if service != nil && errors.As(err, &broken) {
		err = nil
	}
	if err == nil {
		err = e.leaveRoot(service.DataDirectory)
	}
	return service, warnings, broken, err
}

// open reads the configuration, starts the private PostgreSQL where none is configured, and brings the schema
// up to date. The caller closes the installation.
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

// openLog logs to standard error and, what the daemon does, to the log directory if there is one.
func (in *installation) openLog(e *env, v verbosity) (err error) {
	var files []io.Writer
	if v == logConfigured && in.service.LogDirectory != "" {
		if in.logFile, err = openLogFile(in.service.LogDirectory, time.Now); err != nil {
			return directoryFailure(err, "LogDirectory")
		}
		files = append(files, in.logFile)
	}
	in.log = newLogger(e.stderr, v.level(in.service), files...)
	if e.account != "" {
		in.log.Info("root's privileges dropped", zap.String("account", e.account), zap.String("data_directory", e.owned))
	}
	return nil
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
		DataDirectory: privateDatabase(in.service), Logger: in.log,
	})
	if err != nil {
		return "", directoryFailure(err, "DataDirectory")
	}
	in.server = server
	return server.URL(), nil
}

// privateDatabase is the directory of the private PostgreSQL.
func privateDatabase(service *config.Service) string {
	return filepath.Join(service.DataDirectory, "postgres")
}

// openStore brings the schema up to date and opens the store. The daemon is patient: it waits for a database that
// cannot be reached and for a share that is not mounted, as it does when they are lost later.
func (in *installation) openStore(ctx context.Context, url string, patient bool) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := in.tryStore(ctx, url)
		what := "database unreachable"
		if errors.Is(err, store.ErrDirectory) {
			what = "attachment directory unusable"
		}
		if !patient || !store.IsUnreachable(err) && !errors.Is(err, store.ErrDirectory) {
			return err
		}
		in.log.Warn(what, zap.Error(err), zap.String("hint", store.Hint(err)), zap.Duration("next_try", wait))
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
			in.log.Warn("private PostgreSQL not stopped", zap.Error(err))
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

// complaint is the error of an installation some of whose mailbox files are broken, nil when none is.
func (in *installation) complaint() error {
	if in.broken == nil {
		return nil
	}
	return in.broken
}

// logConfiguration logs the warnings, and each mistake in the mailbox files: their mailboxes are not polled, the others
// are.
func (in *installation) logConfiguration() {
	for _, w := range in.warnings {
		in.log.Warn("configuration", zap.String("warning", w.String()))
	}
	for _, m := range in.service.Mailboxes {
		for _, silent := range withoutEffect(m) {
			in.log.Warn("configuration", zap.String("mailbox", m.Name), zap.String("warning", silent))
		}
	}
	if in.broken == nil {
		return
	}
	for _, m := range in.broken.Mistakes {
		in.log.Error("mailbox not polled", zap.String("mistake", m.String()),
			zap.String("hint", "correct the file and start again; mailintegration check tells whether it is right"))
	}
}
