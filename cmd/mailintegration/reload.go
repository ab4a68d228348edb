package main

import (
	"context"
	"crypto/tls"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"mailintegration/cmd/mailintegration/service"
	"mailintegration/config"
	"mailintegration/daemon"
)

// reloader reads the configuration again, when a person asks for it or its files have changed, and gives it to the running
// daemon. What is broken in it stays as it runs.
type reloader struct {
	in      *installation
	apply   func(daemon.Settings) (daemon.Changes, error)
	note    func([]daemon.ConfigurationProblem) // tells the daemon which files have mistakes now
	watcher *config.Watcher
	manager service.Manager // may ask for a reload, and hears of each

	answerAt        func(address string, certificate *tls.Certificate) error // makes the monitor answer there, with TLS unless it is nil
	answerTo        func(hosts []string)                                     // makes the monitor answer for the hosts of a proxy
	noteCertificate func(daemon.ListenCertificate)                           // tells the daemon with which certificate
	tellRead        func(hash string, isGood bool)                           // tells the monitor how a reading of the configuration went
	slow            time.Duration                                            // after this time without an answer, the files count as silent

	running  *config.Service               // what the daemon has
	revision map[string]int                // by the mailbox's name: how often it has changed
	told     map[string]bool               // mistakes and warnings of the last reading, which need not be logged again
	broken   []config.Broken               // mailbox files with mistakes, as they were read last
	problems []daemon.ConfigurationProblem // the files with mistakes, as the daemon was told last
	address  string                        // that the monitor was told last
	faults   []string                      // why it does not answer there, or not after a restart; none if it does
}

// newReloader returns the reloader for a daemon that runs the configuration of in, which watcher has read. It tells the
// daemon which files have mistakes.
func newReloader(in *installation, apply func(daemon.Settings) (daemon.Changes, error), note func([]daemon.ConfigurationProblem),
	watcher *config.Watcher) *reloader {
	r := &reloader{
		in: in, apply: apply, note: note, watcher: watcher, manager: service.Unmanaged{}, slow: 30 * time.Second,
		answerAt: func(string, *tls.Certificate) error { return nil }, answerTo: func([]string) {},
		noteCertificate: func(daemon.ListenCertificate) {}, tellRead: func(string, bool) {},
		running: in.service, revision: map[string]int{}, told: map[string]bool{},
	}
	for _, w := range in.warnings {
		r.told[w.String()] = true
	}
	for _, b := range in.service.Broken {
		r.tell(b.Mistakes)
	}
	r.noteBroken(in.service.Broken)
	return r
}

// readAsAccount reads the files once more if root's process has become another account: there may be files that only root
// can read, and changes of these cannot be noticed.
func (r *reloader) readAsAccount(e *env) {
	if e.account == "" {
		return
	}
	if _, _, err := r.watcher.Load(); err != nil && r.in.broken == nil && r.in.service.ListenFault == nil {
		r.in.events().configurationClosed(e.account, err)
	}
}

// run reads the configuration again whenever asked has a signal or the service manager wants it, and after look has one if files
// have changed, until ctx is cancelled. It does not wait for a file system that does not answer.
func (r *reloader) run(ctx context.Context, asked <-chan os.Signal, look <-chan time.Time) {
	for {
		var work func()
		select {
		case <-ctx.Done():
			return
		case <-asked:
			work = func() {
				r.reopenLog()
				r.reload("SIGHUP", nil)
			}
		case <-r.manager.Reload():
			work = func() { r.reload("service manager", nil) }
		case <-look:
			work = r.look
		}
		if !r.await(ctx, work) {
			return
		}
	}
}

// await does work in a goroutine of its own. It returns false when ctx is cancelled first; the work is then left alone.
func (r *reloader) await(ctx context.Context, work func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.in.events().reloadPanicked(p, debug.Stack())
			}
		}()
		work()
	}()
	silent := time.NewTimer(r.slow)
	defer silent.Stop()
	for {
		select {
		case <-done:
			return true
		case <-ctx.Done():
			return false
		case <-silent.C:
			r.in.events().configurationSilent(r.in.service.File, r.slow)
		}
	}
}

// look reads the configuration again if its files have changed. A monitor that could not listen may be able to now.
func (r *reloader) look() {
	r.listen()
	if files := r.watcher.Look(); len(files) > 0 {
		r.reload("files changed", files)
	}
}

// reload reads the configuration and makes the daemon use it. It logs what has changed, and what is wrong. Whoever asks
// hears again what is still wrong.
func (r *reloader) reload(because string, files []string) {
	r.manager.Reloading()
	defer r.manager.Reloaded()
	if files == nil {
		r.told, r.faults = map[string]bool{}, nil
	}
	service, warnings, err := r.watcher.Load()
	if service == nil {
		r.tellRead(r.running.Hash(), false)
		r.refuse(err)
		return
	}
	kept := service.KeepBroken(r.running)
	service.KeepListenTLS(r.running)
	pending := config.Compare(r.running, service).Restart
	service.KeepUntilRestart(r.running)
	before, after := r.in.level.Level(), logConfigured.level(service)
	r.in.level.SetLevel(min(before, after)) // what follows is logged if one of the two levels says so
	defer r.in.level.SetLevel(after)
	r.moveLog(service)
	changes := config.Compare(r.running, service)
	for _, m := range changes.Mailboxes {
		r.revision[m.Name]++
	}
	if slices.Contains(changes.Settings, "Smtp") {
		for _, m := range service.Mailboxes {
			r.revision[m.Name]++ // whether its messages are answered may depend on it
		}
	}
	if _, err := r.apply(settingsOf(service, r.revisionOf)); err != nil {
		r.tellRead(r.running.Hash(), false)
		r.in.events().configurationNotApplied(err)
		return
	}
	sending := sendingOf(service)
	r.in.sending.Store(&sending)
	r.in.tellSending()
	r.running = service
	r.tellRead(service.Hash(), err == nil)
	r.noteBroken(service.Broken)
	r.listen()
	r.in.events().configurationReloaded(because, files, changes)
	r.report(service, warnings, pending, kept)
}

// revisionOf returns the revision of a mailbox's configuration.
func (r *reloader) revisionOf(name string) string { return strconv.Itoa(r.revision[name]) }

// refuse logs the mistakes of a configuration that cannot be used.
func (r *reloader) refuse(err error) {
	var mistakes []config.Mistake
	if e, is := err.(*config.Error); is {
		mistakes = e.Mistakes
	}
	for _, m := range r.tell(mistakes) {
		r.in.events().configurationRefused(m)
	}
	r.noteRefused(mistakes)
}

// moveLog makes the log files follow LogDirectory and their limits. It keeps the old directory if the new one cannot be used.
func (r *reloader) moveLog(service *config.Service) {
	if before, after := logLimits(r.running), logLimits(service); before != after {
		r.in.logFile.Limit(after)
	}
	if service.LogDirectory == r.running.LogDirectory {
		return
	}
	if err := r.in.logFile.Move(service.LogDirectory); err != nil {
		r.in.events().logDirectoryUnusable(service.LogDirectory, err)
		service.LogDirectory = r.running.LogDirectory
	}
}

// reopenLog opens the log file again, for a program that has moved it away and asks for that.
func (r *reloader) reopenLog() {
	if err := r.in.logFile.Reopen(); err != nil {
		r.in.events().logFileTrouble(r.in.logFile.Path(), err)
	}
}

// report logs the warnings and mistakes that are new, and the settings that wait for a restart. kept has the names of the
// mailboxes that are polled as before, by their broken files.
func (r *reloader) report(service *config.Service, warnings []config.Warning, pending []string, kept map[string]string) {
	before := r.told
	r.told = map[string]bool{}
	isNew := func(text string) bool {
		r.told[text] = true
		return !before[text]
	}
	if len(pending) > 0 {
		r.in.events().restartNeeded(pending)
	}
	for _, w := range warnings {
		if isNew(w.String()) {
			r.in.events().configurationWarning(w)
		}
	}
	for _, m := range service.Mailboxes {
		for _, silent := range withoutEffect(service, m) {
			if isNew(m.Name + ": " + silent) {
				r.in.events().settingWithoutEffect(m.Name, silent)
			}
		}
	}
	for _, b := range service.Broken {
		for _, m := range b.Mistakes {
			if !isNew(m.String()) {
				continue
			}
			if name, is := kept[b.File]; is {
				r.in.events().mailboxPolledAsBefore(name, m)
			} else {
				r.in.events().mailboxNotPolled(m)
			}
		}
	}
}

// tell returns the mistakes that have not been told since the last reading that went well, and remembers them.
func (r *reloader) tell(mistakes []config.Mistake) []config.Mistake {
	var untold []config.Mistake
	for _, m := range mistakes {
		if !r.told[m.String()] {
			r.told[m.String()] = true
			untold = append(untold, m)
		}
	}
	return untold
}
