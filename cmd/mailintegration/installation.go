package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"mailintegration/cmd/mailintegration/logfile"
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
	level    zap.AtomicLevel // of log
	outputs  []func()        // ends what the log goes to beside standard error, the last one first
	logFile  *logfile.Writer // nil for a verb that does not write log files
	meter    daemon.Meter    // of the daemon, nil for none

	opened  atomic.Pointer[store.Store]   // the store that openStore opened
	sending atomic.Pointer[store.Sending] // how mail is sent, nil until a reload says it: as service says
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
	in, err := openWithoutStore(e, v, e.read)
	if err != nil {
		return nil, err
	}
	if in.store, err = in.openStore(e.ctx); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// openWithoutStore reads the configuration and opens the log. The store is opened later. The caller closes the installation.
func openWithoutStore(e *env, v verbosity, read reader) (*installation, error) {
	service, warnings, broken, err := e.load(read)
	if err != nil {
		return nil, err
	}
	in := &installation{service: service, warnings: warnings, broken: broken}
	if v == logConfigured && service.DatabaseURL.IsEmpty() { // before the log and the spool, which are for this account alone
		if err := makePassable(service.DataDirectory); err != nil {
			return nil, dataError(err)
		}
	}
	if err := in.openLog(e, v); err != nil {
		return nil, err
	}
	return in, nil
}

// openLog opens the log on standard error and, for the daemon, in the system log and in the log directory if one is
// configured.
func (in *installation) openLog(e *env, v verbosity) error {
	in.level = zap.NewAtomicLevelAt(v.level(in.service))
	if v == logConfigured {
		if err := in.openOutputs(e); err != nil {
			return &directoryError{"log directory", "LogDirectory", err}
		}
	} else {
		in.log = newLogger(e.stderr, in.level)
	}
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
	if in.server != nil {
		return in.server.URL(), nil
	}
	server, err := postgres.Start(ctx, postgres.Options{
		DataDirectory: privateDatabase(in.service), MaxConnections: in.service.MaxDatabaseConnections,
		Roles: []string{store.RoleReader, store.RoleDesk, store.RoleDaemon}, Logger: in.log,
	})
	if err != nil {
		return "", dataError(err)
	}
	in.server = server
	return server.URL(), nil
}

// databaseName returns where the database is, for a person. It has no password.
func databaseName(service *config.Service) string {
	if service.DatabaseURL.IsEmpty() {
		return "private PostgreSQL in " + privateDatabase(service)
	}
	return cmp.Or(store.Address(service.DatabaseURL.Reveal()), "Database")
}

// privateDatabase returns the directory of the private PostgreSQL.
func privateDatabase(service *config.Service) string {
	return filepath.Join(service.DataDirectory, "postgres")
}

// openStore brings the schema up to date and opens the store. It starts the private PostgreSQL if no other database is
// configured.
func (in *installation) openStore(ctx context.Context) (*store.Store, error) {
	o, err := in.storeOptions(ctx)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	in.opened.Store(s)
	in.tellSending()
	return s, nil
}

// openStoreWithoutFiles opens the store for an event, although the attachment directory cannot be used.
func (in *installation) openStoreWithoutFiles(ctx context.Context) (*store.Store, error) {
	o, err := in.storeOptions(ctx)
	if err != nil {
		return nil, err
	}
	o.WithoutFiles = true
	s, err := store.Open(ctx, o)
	if err == nil {
		s.SetSending(sendingOf(in.service))
	}
	return s, err
}

// storeOptions returns the options of the store. It starts the private PostgreSQL if no other database is configured.
func (in *installation) storeOptions(ctx context.Context) (store.Options, error) {
	url, err := in.database(ctx)
	return store.Options{
		URL: url, AttachmentDirectory: in.service.AttachmentDirectory, Migrate: true,
		MaxConns: int32(in.service.MaxDatabaseConnections),
	}, err
}

// tellSending tells the store, once it is open, how mail is sent. The daemon may open the store while a reload says it.
func (in *installation) tellSending() {
	s, sending := in.opened.Load(), in.sending.Load()
	if sending == nil {
		first := sendingOf(in.service)
		sending = &first
	}
	if s != nil {
		s.SetSending(*sending)
	}
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
	for _, end := range slices.Backward(in.outputs) {
		end()
	}
	in.outputs = nil
}

// daemon returns the daemon for the configured mailboxes that are enabled. Unless the store is open, the daemon opens it. The
// daemon logs about when it starts.
func (in *installation) daemon(recorded func(string, *processor.Message, store.Outcome), about ...zap.Field) (*daemon.Daemon, error) {
	if err := makeSpool(in.service.SpoolDirectory); err != nil {
		return nil, err
	}
	settings := settingsOf(in.service, func(string) string { return "0" })
	d, err := daemon.New(daemon.Options{
		Store: in.store, Open: in.openStore, OpenWithoutFiles: in.openStoreWithoutFiles, Version: version, About: about, Logger: in.log,
		Meter: in.meter, Recorded: recorded,
		Mailboxes: settings.Mailboxes, Sending: settings.Sending, EventNames: eventNames(in.service),
		MaxPolls: settings.MaxPolls, MaxSessionsPerServer: settings.MaxSessionsPerServer, MaxBatches: settings.MaxBatches,
		MessagesPerSession: settings.MessagesPerSession, BatchMessages: settings.BatchMessages, Retention: settings.Retention,
	})
	if err == nil {
		d.NoteConfiguration(notPolled(in.service.Broken))
	}
	return d, err
}

// mostBatches is how many batches are recorded at once where there are connections for more.
const mostBatches = 8

// settingsOf returns what the daemon may change while it runs. revision returns the revision of a mailbox's configuration by
// the mailbox's name.
func settingsOf(service *config.Service, revision func(name string) string) daemon.Settings {
	s := daemon.Settings{
		MaxPolls:             service.MaxConcurrentPolls,
		MaxSessionsPerServer: service.MaxSessionsPerServer,
		MaxBatches:           min(max(2, service.MaxDatabaseConnections-2), mostBatches), // two connections are for other work
		MessagesPerSession:   service.MessagesPerSession,
		BatchMessages:        service.BatchMessages,
		Retention:            service.Retention.Duration(),
	}
	all := newWiring(service, tokenStore(service))
	s.Sending = all.sending
	for _, m := range service.Mailboxes {
		if m.Enabled {
			wired := all.mailbox(m)
			wired.Revision = revision(m.Name)
			s.Mailboxes = append(s.Mailboxes, wired)
		}
	}
	return s
}

// logConfiguration logs the warnings and each mistake in a mailbox file. The mailbox of such a file is not polled; the
// others are.
func (in *installation) logConfiguration() {
	for _, w := range in.warnings {
		in.events().configurationWarning(w)
	}
	for _, m := range in.service.Mailboxes {
		for _, silent := range withoutEffect(in.service, m) {
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
