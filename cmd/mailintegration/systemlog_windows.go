package main

import (
	"os"

	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// eventSource is the source of the program's events in the event log of Windows. The installation of the service registers it.
// Events of a source that is not registered are shown too, beside a remark that the description cannot be found.
const eventSource = "MailIntegration"

// newSystemSender returns the sender for the event log of Windows.
func newSystemSender() systemSender { return &eventLog{} }

// eventLog writes lines to the event log, as events of the log Application.
type eventLog struct {
	log *eventlog.Log // nil before the first line and after a failure
}

// send implements systemSender.
func (e *eventLog) send(entry systemEntry) (err error) {
	if e.log == nil {
		if e.log, err = eventlog.Open(eventSource); err != nil {
			e.log = nil
			return err
		}
	}
	if entry.level < zapcore.ErrorLevel {
		err = e.log.Info(eventID(entry.event), entry.text)
	} else {
		err = e.log.Error(eventID(entry.event), entry.text)
	}
	if err != nil {
		e.close()
	}
	return err
}

// close implements systemSender.
func (e *eventLog) close() {
	if e.log != nil {
		_ = e.log.Close() // an error leaves nothing to do
		e.log = nil
	}
}

// isStream reports whether a file is the journal's: never, because Windows has none.
func isStream(*os.File, string) bool { return false }

// serviceManager returns "the service manager of Windows" if it started this process, "" otherwise.
func serviceManager() string {
	if is, err := svc.IsWindowsService(); err == nil && is {
		return "the service manager of Windows"
	}
	return ""
}
