package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/postgres"
)

// stopTimeout bounds how long the private PostgreSQL may take to stop.
const stopTimeout = 30 * time.Second

// installation is what a verb works on: the configuration, the database and the log.
type installation struct {
	service *config.Service
	server  *postgres.Server // nil when the database is one of its own
	store   *store.Store
	log     *zap.Logger
}

// verbosity is what a verb logs at least.
type verbosity zapcore.Level

const (
	logConfigured = verbosity(zapcore.InvalidLevel) // as LogLevel says
	logWarnings   = verbosity(zapcore.WarnLevel)
)

// load reads the configuration and prints its warnings.
func load(e *env) (*config.Service, error) {
	service, warnings, err := config.LoadService(e.config)
	for _, w := range warnings {
		fmt.Fprintln(e.stderr, "warning:", w)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, &failure{code: exitConfiguration, err: err, hint: "write it (see the README), or name it with --config"}
	}
	return service, err
}

// open reads the configuration, starts the private PostgreSQL where none is configured, and brings the schema
// up to date. The caller closes the installation.
func open(e *env, v verbosity) (*installation, error) {
	service, err := load(e)
	if err != nil {
		return nil, err
	}
	level := zapcore.Level(v)
	if v == logConfigured {
		level = service.LogLevel
	}
	in := &installation{service: service, log: newLogger(e.stderr, level)}
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

// database returns the URL of the database, having started the private one if there is no other.
func (in *installation) database(ctx context.Context) (string, error) {
	if url := in.service.Database.Reveal(); url != "" {
		return url, nil
	}
	server, err := postgres.Start(ctx, postgres.Options{DataDirectory: in.service.DataDirectory})
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
	for _, m := range in.service.Mailboxes {
		if !m.Enabled {
			continue
		}
		mb, err := wire(m)
		if err != nil {
			return nil, err
		}
		opts.Mailboxes = append(opts.Mailboxes, mb)
	}
	return daemon.New(opts)
}

// wire turns a mailbox's configuration into what the daemon polls.
func wire(m *config.Mailbox) (daemon.Mailbox, error) {
	account := mailbox.Account{
		Server: m.ServerName, Port: m.Port, Security: mailbox.Security(m.SecureSocketOption),
		UserName: m.UserName, Password: m.Password.Reveal(), StepTimeout: m.StepTimeout, MaxOctets: m.MaxMessageSize,
	}
	var err error
	if account.Roots, err = roots(m.TrustedCertificate); err != nil {
		return daemon.Mailbox{}, err
	}
	return daemon.Mailbox{Name: m.Name, Account: account, Rules: rules(m), Schedule: m.Schedule, Problem: unsupported(m)}, nil
}

// rules turns a mailbox's configuration into what deciding goes by.
func rules(m *config.Mailbox) processor.Rules {
	r := processor.Rules{
		Processor: processor.Processor(m.Processor),
		Names: processor.Names{
			Team: m.Team, Login: m.Login,
			FallbackUser: m.IncidentFallbackUserLogon, FallbackSite: m.IncidentFallbackSiteName,
			Source: m.IncidentSource, Priority: m.IncidentPriority, Group: m.IncidentGroup,
		},
		IgnoredAttachments: m.IgnoredAttachments,
		CreateNewRequests:  m.CreateNewRequests,
		AttachRaw:          m.IncludeRawMessageAsAttachment,
		UnknownFollowUp:    processor.FollowUp(m.UnknownFollowUp),
		ClosedFollowUp:     processor.FollowUp(m.ClosedFollowUp),
		CommunicationTypes: m.CommunicationTypes,
		SubjectNames:       []string{m.Team},
	}
	if r.Processor == processor.Monitoring {
		r.Names.Group, r.Names.Assignee = m.Group, m.Assignee
	}
	return r
}

// unsupported says what a mailbox's configuration asks for that this version cannot do; nil when it can do all.
func unsupported(m *config.Mailbox) error {
	switch {
	case m.Authentication == config.Azure:
		return fmt.Errorf("%s: Authentication: Azure is not supported yet; this mailbox is not polled", m.Name)
	case processor.Processor(m.Processor) == processor.EndUserServiceRequest:
		return fmt.Errorf("%s: MessageProcessorTypeName: service requests from mail are not supported yet; this mailbox is not polled", m.Name)
	}
	return nil
}

// roots reads the certificates a mailbox trusts; nil stands for the system's.
func roots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("trusted certificate: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("trusted certificate: %s holds no PEM certificate", file)
	}
	return pool, nil
}

const zapWarn = zapcore.WarnLevel
