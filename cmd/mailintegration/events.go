package main

import (
	"errors"
	"time"

	"go.uber.org/zap"

	"mailintegration/config"
	"mailintegration/store"
)

// events are the log events of this package: each has its name, level and fields here and nowhere else. The daemon and
// the private PostgreSQL have their own.
type events struct{ log *zap.Logger }

// rootDropped says that root's process goes on as the owner of the data directory.
func (e events) rootDropped(account, dataDirectory string) {
	e.log.Info("root's privileges dropped", zap.String("account", account), zap.String("data_directory", dataDirectory))
}

// storeUnusable says that the daemon waits for its database or for its attachment directory.
func (e events) storeUnusable(err error, wait time.Duration) {
	what := "database unreachable"
	if errors.Is(err, store.ErrDirectory) {
		what = "attachment directory unusable"
	}
	e.log.Warn(what, zap.Error(err), zap.String("hint", store.Hint(err)), zap.Duration("next_try", wait))
}

// privateServerNotStopped says that the private PostgreSQL may go on running after this process.
func (e events) privateServerNotStopped(err error) {
	e.log.Warn("private PostgreSQL not stopped", zap.Error(err))
}

// configurationWarning passes on a warning about a configuration file.
func (e events) configurationWarning(w config.Warning) {
	e.log.Warn("configuration", zap.String("warning", w.String()))
}

// settingWithoutEffect warns of a setting of a mailbox that this version does not act on.
func (e events) settingWithoutEffect(mailbox, warning string) {
	e.log.Warn("configuration", zap.String("mailbox", mailbox), zap.String("warning", warning))
}

// mailboxNotPolled says that a mailbox is not polled because of a mistake in its file.
func (e events) mailboxNotPolled(m config.Mistake) {
	e.log.Error("mailbox not polled", zap.String("mistake", m.String()),
		zap.String("hint", "correct the file, run mailintegration check, and start the daemon again"))
}
