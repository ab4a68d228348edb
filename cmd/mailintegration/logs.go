package main

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"time"

	"mailintegration/cmd/mailintegration/logfile"
	"mailintegration/config"
)

type logsCmd struct {
	Tail  logsTailCmd  `cmd:"" help:"Print the last lines of the log, of all files in LogDirectory, and those that follow."`
	List  logsListCmd  `cmd:"" help:"List the log files."`
	Purge logsPurgeCmd `cmd:"" help:"Remove old log files, but none in which a process writes."`
}

// loadLogs reads the configuration of a verb that needs the log directory.
func (e *env) loadLogs() (*config.Service, error) {
	service, _, _, err := e.load(e.read)
	if err != nil {
		return nil, err
	}
	if service.LogDirectory == "" {
		return nil, &failure{
			code: exitFailed, err: errors.New("no log files are written: LogDirectory is not configured"), hint: elsewhere(runtime.GOOS),
		}
	}
	return service, nil
}

// elsewhere says where the log is without log files.
func elsewhere(system string) string {
	if system == "windows" {
		return "set LogDirectory in the service file; start, stop and trouble are in the event log Application, source MailIntegration"
	}
	return "the log goes to standard error; under systemd read it with journalctl -u mailintegration, with -f to follow, " +
		"MAILBOX=helpdesk for one mailbox; or set LogDirectory in the service file"
}

// ofDirectory explains an error about the log directory.
func ofDirectory(directory string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &failure{
			code: exitFailed, err: fmt.Errorf("log directory %s: it does not exist", directory),
			hint: "start the daemon, which makes it, or correct LogDirectory in the service file",
		}
	}
	if err != nil {
		return &directoryError{"log directory", "LogDirectory", err}
	}
	return nil
}

// logFileSummary describes a log file for people and programs.
type logFileSummary struct {
	Name    string    `json:"name"`
	Path    string    `json:"path"`
	Begun   time.Time `json:"begun"`
	Changed time.Time `json:"changed"` // when the last line was written
	Octets  int64     `json:"octets"`
	InUse   bool      `json:"in_use"` // a process writes to it
}

// summaryOf returns the description of a log file.
func summaryOf(f logfile.File, inUse bool) logFileSummary {
	return logFileSummary{f.Name, f.Path, f.Begun, f.Changed, f.Octets, inUse}
}

type logsListCmd struct{ output }

// Run lists the log files, the one that was written last at the end.
func (c *logsListCmd) Run(e *env) error {
	service, err := e.loadLogs()
	if err != nil {
		return err
	}
	files, err := logfile.List(service.LogDirectory)
	if err != nil {
		return ofDirectory(service.LogDirectory, err)
	}
	all := []logFileSummary{}
	var rows [][]any
	for _, f := range files {
		s := summaryOf(f, logfile.InUse(f, time.Now()))
		state := ""
		if s.InUse {
			state = "in use"
		}
		all = append(all, s)
		rows = append(rows, []any{f.Path, size(f.Octets), f.Changed.Format(time.DateTime), state})
	}
	return c.print(e, all, []string{"file", "size", "last line", "state"}, rows)
}

type logsPurgeCmd struct {
	Keep   int  `placeholder:"DAYS" help:"Remove files whose last line is older than this; default: LogRetention. MaxLogFiles holds too."`
	DryRun bool `help:"Only say which files would be removed."`
	output
}

// Run removes old log files, or says which ones it would remove.
func (c *logsPurgeCmd) Run(e *env) error {
	service, err := e.loadLogs()
	if err != nil {
		return err
	}
	keep := logLimits(service).Keep
	if c.Keep < 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("--keep %d is not a number of days", c.Keep), hint: "use 1 or more"}
	}
	if c.Keep > 0 {
		keep.Age = time.Duration(c.Keep) * 24 * time.Hour
	}
	remove := logfile.Purge
	if c.DryRun {
		remove = logfile.Expired
	}
	files, failed := remove(service.LogDirectory, keep, time.Now())
	if err := c.printPurged(e, files); err != nil {
		return err
	}
	return ofDirectory(service.LogDirectory, failed)
}

// printPurged prints which files were removed, or would be.
func (c *logsPurgeCmd) printPurged(e *env, files []logfile.File) error {
	all := []logFileSummary{}
	what, octets := "removed", int64(0)
	if c.DryRun {
		what = "would remove"
	}
	for _, f := range files {
		all = append(all, summaryOf(f, false))
		octets += f.Octets
		if !c.JSON {
			printLine(e.stdout, "%s %s (%s, last line %s)", what, f.Path, size(f.Octets), f.Changed.Format(time.DateTime))
		}
	}
	if c.JSON {
		return e.printJSON(all)
	}
	printLine(e.stdout, "%s %d log files (%s)", what, len(files), size(octets))
	return nil
}
