package main

import (
	"os"

	"go.uber.org/zap/zapcore"

	"mailintegration/cmd/mailintegration/logfile"
	"mailintegration/config"
)

// openOutputs makes the log of the daemon go to standard error, to the log directory, and to the journal or else to the system
// log. The daemon waits for none of them but for a standard error that is not the journal.
func (in *installation) openOutputs(e *env) error {
	cores := []zapcore.Core{in.openLogFiles()}
	if isJournal(e.stderr) {
		cores = append(cores, in.openJournal(e))
	} else {
		cores = append(cores, newLogger(e.stderr, in.level).Core())
	}
	if core := in.openSystemLog(e); core != nil {
		cores = append(cores, core)
	}
	in.log = newLoggerOf(cores...)
	err := in.logFile.Move(in.service.LogDirectory)
	if err != nil {
		in.close()
	}
	return err
}

// openLogFiles opens the log files, without their directory.
func (in *installation) openLogFiles() zapcore.Core {
	in.logFile, _ = logfile.Open(logfile.Options{ // nothing can fail without a directory
		Limits:  logLimits(in.service),
		Removed: func(files []logfile.File) { in.events().logFilesRemoved(len(files), files[0].Name) },
		Trouble: func(err error) { in.events().logFileTrouble(in.logFile.Path(), err) },
	})
	q, core := in.openLines("log file", func(line []byte) error {
		_, err := in.logFile.Write(line)
		return err
	})
	in.outputs = append(in.outputs, func() {
		if q.close() { // a write that does not return holds the file
			_ = in.logFile.Close() // an error leaves nothing to do
		}
	})
	return core
}

// logLimits returns what a configuration lets stay in the log directory.
func logLimits(s *config.Service) logfile.Limits {
	return logfile.Limits{
		Keep:      logfile.Keep{Age: max(0, s.LogRetention.Duration()), Files: s.MaxLogFiles},
		MaxOctets: s.MaxLogFileSize,
	}
}

// openJournal opens the journal, to which standard error goes too.
func (in *installation) openJournal(e *env) zapcore.Core {
	q, core := in.openLines("journal", newJournalWriter(e.stderr).write)
	in.outputs = append(in.outputs, func() { q.close() })
	return core
}

// openSystemLog opens the system log, unless the journal has the log anyway. A verb whose standard error is not a file of the
// operating system has none: only tests have such a one.
func (in *installation) openSystemLog(e *env) zapcore.Core {
	stderr, is := underlying(e.stderr).(*os.File)
	if !is || e.systemLog == nil || isJournal(stderr) {
		return nil
	}
	s := newSystemLog(e.systemLog(), systemTime)
	in.outputs = append(in.outputs, s.close)
	return s.core()
}
