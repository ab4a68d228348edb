package main

import (
	"time"

	"go.uber.org/zap"

	"mailintegration/config"
)

// events are the log events of this package: each has its name, level and fields here and nowhere else. The daemon and
// the private PostgreSQL have their own.
type events struct{ log *zap.Logger }

// rootDropped says that root's process goes on as the owner of the data directory.
func (e events) rootDropped(account, dataDirectory string) {
	e.log.Info("root's privileges dropped", zap.String("account", account), zap.String("data_directory", dataDirectory))
}

// privateServerNotStopped says that the private PostgreSQL may go on running after this process.
func (e events) privateServerNotStopped(err error) {
	e.log.Warn("private PostgreSQL not stopped", zap.Error(err))
}

// daemonStuck says that some work of the daemon neither ends nor notices that it exceeds its limit, which is a bug. A service
// manager with a watchdog ends the process after that time, and starts it again; 0: there is none.
func (e events) daemonStuck(err error, watchdog time.Duration) {
	hint := "restart the daemon, and please report this"
	if watchdog > 0 {
		hint = "please report this; the service manager restarts the daemon"
	}
	e.log.Error("daemon makes no progress", zap.Error(err), zap.Duration("watchdog", watchdog), zap.String("hint", hint))
}

// configurationWarning says that a configuration file has something that is allowed, but hardly meant.
func (e events) configurationWarning(w config.Warning) {
	e.log.Warn("configuration", zap.String("warning", w.String()))
}

// settingWithoutEffect says that a setting of a mailbox has no effect.
func (e events) settingWithoutEffect(mailbox, warning string) {
	e.log.Warn("configuration", zap.String("mailbox", mailbox), zap.String("warning", warning))
}

// calledAsOctopus says that a command line of Octopus asks for one poll.
func (e events) calledAsOctopus(login, team, mailbox, file string) {
	e.log.Info("called as Octopus", zap.String("login", login), zap.String("team", team), zap.String("mailbox", mailbox), zap.String("file", file))
}

// callFailed says why the poll of a command line of Octopus did not go well. The exit code says it to the caller.
func (e events) callFailed(err error, hint string) {
	e.log.Error("call as Octopus failed", zap.Error(err), zap.String("hint", hint))
}

// correctIt is the hint for a mistake in the configuration of a running daemon.
const correctIt = "correct the file: the daemon reads it again by itself; mailintegration check lists every mistake"

// mailboxNotPolled says that a mailbox is not polled because of a mistake in its file.
func (e events) mailboxNotPolled(m config.Mistake) {
	e.log.Error("mailbox not polled", zap.String("mistake", m.String()), zap.String("hint", correctIt))
}

// mailboxPolledAsBefore says that a mailbox is polled as before, because its file has a mistake now.
func (e events) mailboxPolledAsBefore(mailbox string, m config.Mistake) {
	e.log.Error("mailbox polled as before", zap.String("mailbox", mailbox), zap.String("mistake", m.String()), zap.String("hint", correctIt))
}

// configurationRefused says that the daemon goes on with the configuration that it has, because of a mistake in the service
// file.
func (e events) configurationRefused(m config.Mistake) {
	e.log.Error("configuration refused", zap.String("mistake", m.String()), zap.String("hint", correctIt))
}

// configurationReloaded says that the configuration was read again, why, and which settings have changed. It has no values, and
// so no secrets.
func (e events) configurationReloaded(because string, files []string, c config.Changes) {
	e.log.Info("configuration reloaded", zap.String("because", because), zap.Strings("files", files), zap.Strings("settings", c.Settings),
		zap.Int("mailboxes_changed", len(c.Mailboxes)))
	for _, m := range c.Mailboxes {
		e.mailboxChanged(m)
	}
}

// listening says where the daemon tells its health and its metrics from now on.
func (e events) listening(address string) { e.log.Info("listening", zap.String("address", address)) }

// notListening says that nobody can ask for health and metrics at Listen. The daemon tries again every two seconds.
func (e events) notListening(address string, err error) {
	e.log.Error("not listening", zap.String("address", address), zap.Error(err), zap.String("hint", hintOf(err)))
}

// listeningAsBefore says that the daemon answers at Listen with the certificate that it has, because a file of ListenCertificate or
// ListenKey cannot be used now. It would not listen after a restart.
func (e events) listeningAsBefore(address string, err error) {
	e.log.Error("listening as before", zap.String("address", address), zap.Error(err), zap.String("hint", hintOf(err)))
}

// tlsAtPlainPort says that clients have spoken TLS at Listen, which has no certificate; each got an answer that it cannot read. Further
// ones are counted, and told after an hour at the earliest.
func (e events) tlsAtPlainPort(address string, times int, client string) {
	e.log.Warn("client speaks TLS", zap.String("address", address), zap.Int("times", times), zap.String("client", client),
		zap.String("hint", "ask with http:// instead of https://, or give the daemon a certificate: ListenCertificate and ListenKey"))
}

// pageFailed says why a person was shown a number instead of a page. The intake of mail is not affected.
func (e events) pageFailed(number, route string, err error) {
	e.log.Warn("page failed", zap.String("number", number), zap.String("route", route), zap.Error(err),
		zap.String("hint", "this is a bug: report it with this line"))
}

// pageLoggedIn says that somebody has logged in to the page, with the token of this name.
func (e events) pageLoggedIn(token, client string) {
	e.log.Info("page log-in", zap.String("token", token), zap.String("client", client))
}

// pageRefused says that somebody tried to log in to the page with a token that is not in force. Further tries are counted, and told
// after a minute at the earliest.
func (e events) pageRefused(times int, client string) {
	e.log.Warn("page log-in refused", zap.Int("times", times), zap.String("client", client),
		zap.String("hint", "a token is mistyped, has expired or was revoked, or somebody guesses; mailintegration page token list shows them"))
}

// pageLoggedOut says that somebody has logged out of the page.
func (e events) pageLoggedOut(token, client string) {
	e.log.Info("page log-out", zap.String("token", token), zap.String("client", client))
}

// pageActed says what somebody has changed on the page, and for which user of the history.
func (e events) pageActed(token, user, action, path string) {
	e.log.Info("page action", zap.String("token", token), zap.String("user", user), zap.String("action", action), zap.String("path", path))
}

// mailboxChanged says what has changed about a mailbox since the configuration was read before.
func (e events) mailboxChanged(m config.MailboxChange) {
	fields := []zap.Field{zap.String("mailbox", m.Name), zap.Strings("tags", m.Tags)}
	switch m.How {
	case config.Added:
		// The mailbox is new, and polled from now on.
		e.log.Info("mailbox added", fields...)
	case config.Enabled:
		// The mailbox is polled again.
		e.log.Info("mailbox enabled", fields...)
	case config.Disabled:
		// The file says that the mailbox is not polled for now.
		e.log.Info("mailbox disabled", fields...)
	case config.Removed:
		// The file of the mailbox is gone, and it is no longer polled.
		e.log.Info("mailbox removed", fields...)
	default:
		// The mailbox is polled as these tags of its file say now.
		e.log.Info("mailbox changed", fields...)
	}
}

// restartNeeded says that settings of the service file take effect only when the daemon is restarted.
func (e events) restartNeeded(settings []string) {
	e.log.Warn("restart needed", zap.Strings("settings", settings),
		zap.String("hint", "restart the daemon to make these settings take effect; until then it goes on with their old values"))
}

// configurationNotApplied says that the daemon goes on with the configuration that it has, because of a bug.
func (e events) configurationNotApplied(err error) {
	e.log.Error("configuration not applied", zap.Error(err), zap.String("hint", "please report this: the configuration was checked before"))
}

// configurationClosed says that the account of the daemon cannot read its configuration again.
func (e events) configurationClosed(account string, err error) {
	e.log.Warn("configuration cannot be read again", zap.String("account", account), zap.Error(err),
		zap.String("hint", "let this account read the files (chown root:"+account+" and chmod 640), "+
			"or restart the daemon after each change"))
}

// configurationSilent says that the file system of the configuration does not answer.
func (e events) configurationSilent(file string, after time.Duration) {
	e.log.Warn("configuration files do not answer", zap.String("file", file), zap.Duration("after", after),
		zap.String("hint", "check the file server; the daemon goes on with the configuration that it has"))
}

// logDirectoryUnusable says that the directory that LogDirectory names now cannot be used.
func (e events) logDirectoryUnusable(directory string, err error) {
	e.log.Error("log directory unusable", zap.String("directory", directory), zap.Error(err),
		zap.String("hint", "let the daemon's account write there, or correct LogDirectory; the log goes on where it was"))
}

// reloadPanicked says that reading the configuration again has failed because of a bug.
func (e events) reloadPanicked(r any, stack []byte) {
	e.log.Error("reload panicked", zap.Any("panic", r), zap.ByteString("stack", stack),
		zap.String("hint", "please report this; the daemon goes on with the configuration that it has"))
}

// logNotWritten says that lines of the log are lost in one of its places: a log file, or the journal. The others have them.
func (e events) logNotWritten(where string, err error) {
	e.log.Error("log file not written", zap.String("where", where), zap.Error(err),
		zap.String("hint", "free space, or let the daemon's account write there; mail is not affected, and the log goes on by itself"))
}

// logLinesLost says that a log file or the journal can be written again, and how many lines it did not get.
func (e events) logLinesLost(where string, lines int64) {
	e.log.Warn("log lines lost", zap.String("where", where), zap.Int64("lines", lines),
		zap.String("hint", "nothing to do: the place could not be written for some time, and is written again"))
}

// logFileTrouble says that no new log file could be begun, or no old one removed.
func (e events) logFileTrouble(file string, err error) {
	e.log.Warn("log directory in trouble", zap.String("file", file), zap.Error(err),
		zap.String("hint", "let the daemon's account write in LogDirectory; the log goes on in this file"))
}

// logFilesRemoved says that old log files were removed, as LogRetention and MaxLogFiles ask for.
func (e events) logFilesRemoved(files int, first string) {
	e.log.Info("old log files removed", zap.Int("files", files), zap.String("first", first))
}

// executableReplaced says that the daemon makes way for its new executable.
func (e events) executableReplaced(path, found string) {
	e.log.Info("executable replaced", zap.String("executable", path), zap.String("running", version), zap.String("found", found))
}

// executableRefused says that there is a new executable which does not run.
func (e events) executableRefused(path string, err error) {
	e.log.Error("new executable does not run", zap.String("executable", path), zap.Error(err),
		zap.String("hint", "install a correct one; the daemon goes on, but the next start would fail"))
}

// executableWaits says that a person has to start the new executable.
func (e events) executableWaits(path, why string) {
	e.log.Warn("new executable waits for a restart", zap.String("executable", path), zap.String("because", why),
		zap.String("hint", "restart the program when it suits you; until then the daemon goes on as before"))
}

// executableSilent says that the file system of the executable does not answer.
func (e events) executableSilent(path string, after time.Duration) {
	e.log.Warn("executable does not answer", zap.String("executable", path), zap.Duration("after", after),
		zap.String("hint", "check the file server; the daemon goes on, and notices no new executable until then"))
}

// daemonStartedFields returns what the log says of the daemon when it starts, beside what the daemon knows itself.
func daemonStartedFields(configuration, database, platform, startedBy string, process int) []zap.Field {
	return []zap.Field{
		zap.String("configuration", configuration), zap.String("database", database), zap.String("platform", platform),
		zap.Int("process", process), zap.String("started_by", startedBy),
	}
}
