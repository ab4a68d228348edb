package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"mailintegration/cmd/mailintegration/logfile"
	"mailintegration/cmd/mailintegration/octopus"
	"mailintegration/config"
	"mailintegration/store"
)

// original is a call with the command line of Octopus: one poll of the mailbox of one file.
type original struct {
	octopus.Call
	*env
	mailbox  *config.Mailbox
	warnings []config.Warning
	logFile  *os.File // nil without LogFilePath
}

// runOriginal polls the mailbox of one file once, as a command line of Octopus says.
func runOriginal(e *env, arguments []string) error {
	flags, rest := octopus.Flags(arguments)
	if err := e.parseFlags(flags); err != nil {
		return err
	}
	call, err := octopus.Parse(rest)
	if err != nil {
		return originalUsage(err)
	}
	o := &original{Call: call, env: e}
	if err := o.checkLogFile(); err != nil {
		return err
	}
	return o.run()
}

// parseFlags sets the service file from --config, its environment variable, or the default.
func (e *env) parseFlags(flags []string) error {
	var c cli
	parser, err := newParser(&c, kong.Writers(e.stdout, e.stderr), kong.Exit(func(int) {}))
	if err != nil {
		return err
	}
	if _, err := parser.Parse(append(flags, "version")); err != nil { // a verb without arguments, which is not run
		return usageError(err)
	}
	e.config = c.Config
	return nil
}

// originalUsage returns the mistakes of a command line with the usage and, where a parameter is missing, the way that replaces
// such a command line.
func originalUsage(err error) error {
	wrong := new(octopus.Error)
	if !errors.As(err, &wrong) {
		return err
	}
	text := octopus.Usage()
	if wrong.Missing {
		name := "NAME"
		if file := wrong.Call.ConfigFilePath; file != "" {
			name = config.NameOfFile(filepath.Base(strings.ReplaceAll(file, `\`, "/")))
		}
		text += "\nMailIntegration also polls by itself. Let it write its configuration from this command line:\n" +
			"  " + asTyped(append([]string{"service", "adopt"}, wrong.Call.Arguments()...)...) + "\n" +
			"Then one poll is\n" +
			"  " + asTyped("once", name) + "\n" +
			"and mailintegration service install replaces the scheduled task."
	}
	return &failure{code: exitUsage, err: &usageOfOriginal{wrong, text}, hint: wrong.Hint()}
}

// usageOfOriginal is the list of mistakes of a command line of Octopus, and its usage.
type usageOfOriginal struct {
	mistakes *octopus.Error
	usage    string
}

// Error returns the mistakes and the usage, on several lines.
func (u *usageOfOriginal) Error() string { return u.mistakes.Error() + "\n" + u.usage }

// checkLogFile checks that the folder of LogFilePath exists, and that the value has the name of a file.
func (o *original) checkLogFile() error {
	if o.LogFilePath == "" {
		return nil
	}
	folder, name := filepath.Split(o.LogFilePath)
	if info, err := os.Stat(cmp.Or(folder, ".")); err != nil || !info.IsDir() {
		return &failure{
			code: exitUsage, err: fmt.Errorf("/LogFilePath: the folder %s does not exist", filepath.Clean(folder)),
			hint: "make the folder, or name a file in another one",
		}
	}
	if info, err := os.Stat(o.LogFilePath); name == "" || err == nil && info.IsDir() {
		return &failure{
			code: exitUsage, err: fmt.Errorf("/LogFilePath: %s is a folder", filepath.Clean(o.LogFilePath)),
			hint: "add the name of the log file, such as " + filepath.Join(o.LogFilePath, "MailIntegration.log"),
		}
	}
	return nil
}

// run polls the mailbox, and logs how that went wrong.
func (o *original) run() error {
	in, err := o.open()
	if err != nil {
		return err
	}
	if o.logFile != nil {
		defer o.logFile.Close()
	}
	defer in.close()
	in.events().calledAsOctopus(o.Login, o.Team, o.mailbox.Name, o.ConfigFilePath)
	err = o.poll(in)
	if err != nil {
		in.events().callFailed(err, hintOf(err))
	}
	return err
}

// open reads the configuration and opens the log.
func (o *original) open() (*installation, error) {
	service, _, _, err := o.load(o.read)
	if err != nil {
		return nil, err
	}
	in := &installation{service: service}
	for _, w := range o.warnings {
		fmt.Fprintln(o.stderr, "warning:", w)
	}
	return in, o.openLog(in)
}

// read reads the service file and the mailbox file. The service has this mailbox alone.
func (o *original) read() (*config.Service, []config.Warning, error) {
	service, err := o.readService()
	if err != nil {
		return nil, nil, err
	}
	if o.mailbox, o.warnings, err = config.LoadMailbox(o.ConfigFilePath, o.keys()); err != nil {
		return nil, nil, err
	}
	o.mailbox.Login, o.mailbox.Team = o.Login, o.Team
	o.mailbox.Debug = o.mailbox.Debug || o.Debug
	service.Mailboxes, service.Broken = []*config.Mailbox{o.mailbox}, nil
	return service, nil, nil
}

// readService reads the service file: database, directories, and how mail is sent. Without one at the usual place, the defaults
// hold. Mistakes in other mailbox files do not matter here.
func (o *original) readService() (*config.Service, error) {
	if _, err := os.Stat(o.config); errors.Is(err, os.ErrNotExist) && o.config == defaultConfig() {
		return config.DefaultService(""), nil
	}
	service, _, err := config.LoadService(o.config, o.keys())
	if service != nil {
		err = nil
	}
	return service, err
}

// openLog opens the log: warnings go to standard error, and all that LogLevel says, or DEBUG, to LogFilePath. Without
// LogFilePath, DEBUG goes to standard error.
func (o *original) openLog(in *installation) error {
	level := logConfigured.level(in.service)
	if o.Debug {
		level = zapcore.DebugLevel
	}
	shown := zapcore.WarnLevel
	if o.LogFilePath == "" && o.Debug {
		shown = zapcore.DebugLevel
	}
	in.level = zap.NewAtomicLevelAt(level)
	in.log = newLogger(o.stderr, shown)
	if o.LogFilePath == "" {
		return nil
	}
	file, err := openOriginalLog(o.LogFilePath, time.Now)
	if err != nil {
		return &failure{
			code: exitFailed, err: fmt.Errorf("/LogFilePath: %w", err), hint: "let this account write there, or name another file",
		}
	}
	o.logFile = file
	in.log = newLoggerOf(in.log.Core(), zapcore.NewCore(newEncoder(), zapcore.AddSync(file), in.level))
	in.service.LogDirectory = filepath.Dir(o.LogFilePath) // RawMessage.txt is written beside the log
	return nil
}

// poll checks who calls, removes old log files, and polls the mailbox.
func (o *original) poll(in *installation) (err error) {
	if !o.mailbox.Enabled {
		return notEnabled(o.mailbox)
	}
	if in.store, err = in.openStore(o.ctx); err != nil {
		return err
	}
	if err := o.admit(in.store); err != nil {
		return err
	}
	o.purge(in)
	d, err := in.daemon(nil)
	if err != nil {
		return err
	}
	reports, err := d.Once(o.ctx, o.mailbox.Name)
	if err != nil {
		return err
	}
	for _, r := range reports {
		fmt.Fprintln(o.stdout, line(r))
	}
	return verdict(reports)
}

// admit checks Login and Password, and replaces the number of the team by its name.
func (o *original) admit(s *store.Store) error {
	password, err := o.decrypted(o.Password.Reveal())
	if err != nil {
		return refused("/Password: the encrypted value cannot be used: %w", err, "make a new one on this machine: mailintegration config encrypt --value")
	}
	switch err := s.CheckPassword(o.ctx, o.Login, password); {
	case errors.Is(err, store.ErrUnknown):
		return refused("/Login: %w", err, "add the user with mailintegration user add, and set the password with mailintegration user set-password")
	case errors.Is(err, store.ErrNoPassword):
		return refused("/Password: %w", err, "set it with "+asTyped("user", "set-password", o.Login))
	case errors.Is(err, store.ErrWrongPassword):
		return refused("/Password: %w than the one given", err, "correct /Password, or set this one with "+asTyped("user", "set-password", o.Login))
	case err != nil:
		return err
	}
	team, err := s.TeamNamed(o.ctx, o.Team)
	if errors.Is(err, store.ErrUnknown) {
		return refused("/Team: %w", err, "mailintegration team list shows the teams and their numbers; add one with mailintegration team add")
	}
	if err == nil {
		o.mailbox.Team = team
	}
	return err
}

// refused returns the error about a parameter whose value the database does not know.
func refused(format string, err error, hint string) error {
	return &failure{code: exitConfiguration, err: fmt.Errorf(format, err), hint: hint}
}

// purge removes old log files, if PurgeLogs says so: those in the folder of LogFilePath, else in LogDirectory. They are old after the
// days of PurgeLogs, else after LogRetention.
func (o *original) purge(in *installation) {
	if !o.PurgeLogs {
		return
	}
	directory := in.service.LogDirectory
	if directory == "" {
		fmt.Fprintln(o.stderr, "warning: /PurgeLogs removes nothing: neither /LogFilePath nor LogDirectory of the service file names a folder of log files")
		return
	}
	keep := logfile.Keep{Age: logLimits(in.service).Keep.Age}
	if o.PurgeDays > 0 {
		keep.Age = time.Duration(o.PurgeDays) * 24 * time.Hour
	}
	removed, err := logfile.Purge(directory, keep, time.Now())
	if len(removed) > 0 {
		in.events().logFilesRemoved(len(removed), removed[0].Name)
	}
	if err != nil { // old files are no reason to leave mail where it is
		in.events().logFileTrouble(directory, err)
	}
}
