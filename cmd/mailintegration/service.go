package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mailintegration/cmd/mailintegration/service"
	"mailintegration/config"
)

type serviceCmd struct {
	Install   serviceInstallCmd   `cmd:"" help:"Install the daemon as a service that starts with the system, or bring it up to date."`
	Uninstall serviceUninstallCmd `cmd:"" help:"Stop the service and remove it. Configuration, data and account stay."`
	Start     serviceStartCmd     `cmd:"" help:"Start the service, and wait until the daemon is live."`
	Stop      serviceStopCmd      `cmd:"" help:"Stop the service, and wait until the messages in hand are recorded."`
	Restart   serviceRestartCmd   `cmd:"" help:"Stop and start the service."`
	Adopt     serviceAdoptCmd     `cmd:"" help:"Write service file and mailbox files from the scheduled tasks, batch files or crontabs that call Octopus."`
	Status    serviceStatusCmd    `cmd:"" help:"Print the state of the service; exit code 0 only if it runs."`
}

type serviceInstallCmd struct {
	Account string `placeholder:"NAME" help:"The account that runs the daemon. Default: one that is made for it."`
	Replace bool   `help:"Replace a service with another program or service file, or put this one before a package's."`
	Force   bool   `help:"Install the service although it cannot start with this configuration."`
}

// Run installs the service. It refuses one that cannot start with its configuration, unless Force is set.
func (c serviceInstallCmd) Run(e *env) error {
	if err := service.MayManage(); err != nil {
		return err
	}
	options, err := c.options(e)
	if err != nil {
		return err
	}
	s, err := service.New(options)
	if err != nil {
		return err
	}
	result, err := s.Install(e.ctx)
	if err != nil {
		return err
	}
	switch status, err := s.Status(e.ctx); {
	case err != nil:
		return err
	case result == service.Installed:
		fmt.Fprintln(e.stdout, "the service is installed, and starts with the system; to start it now, run mailintegration service start")
	case result == service.Updated && status.IsRunning():
		fmt.Fprintln(e.stdout, "the service is up to date; to make it run so, run mailintegration service restart")
	case result == service.Updated:
		fmt.Fprintln(e.stdout, "the service is up to date; to start it now, run mailintegration service start")
	default:
		fmt.Fprintln(e.stdout, "the service was installed like this already: nothing has changed")
	}
	return nil
}

// options returns what is installed: this program with its service file, and the rights that the configuration needs.
func (c serviceInstallCmd) options(e *env) (service.Options, error) {
	o, err := serviceOptions(e)
	if err != nil {
		return o, err
	}
	o.Account, o.Replace = c.Account, c.Replace
	conf, warnings, err := config.LoadService(o.Config, e.keys()) // an absolute path, so that those of the files are absolute too
	switch {
	case conf == nil && !c.Force:
		return o, refusedConfiguration(err)
	case conf == nil:
		printLine(e.stderr, "warning: the daemon cannot start with this configuration: %v", err)
		conf = config.DefaultService("")
	}
	if broken := conf.MailboxMistakes(); broken != nil {
		printLine(e.stderr, "warning: these mailboxes are not polled: %v", broken)
	}
	if conf.ListenFault != nil {
		printLine(e.stderr, "warning: the daemon cannot listen: %v", conf.ListenFault)
	}
	for _, w := range warnings {
		printLine(e.stderr, "warning: %v", w)
	}
	o.Reads, o.Writes = paths(conf)
	return o, nil
}

// refusedConfiguration returns the mistakes of a configuration that keeps the daemon from starting.
func refusedConfiguration(err error) error {
	return &failure{
		code: exitConfiguration, err: err,
		hint: "correct the configuration, or add --force to install a service that does not start before that",
	}
}

// serviceOptions returns this program and its service file.
func serviceOptions(e *env) (o service.Options, err error) {
	if o.Executable, err = os.Executable(); err != nil {
		return o, err
	}
	o.Config, err = filepath.Abs(e.config)
	return o, err
}

// paths returns the files and folders that the daemon reads with a configuration, and the directories that it writes to.
func paths(conf *config.Service) (reads, writes []string) {
	for _, f := range conf.Files {
		reads = append(reads, f.Path)
	}
	for _, d := range []string{conf.DataDirectory, conf.AttachmentDirectory, conf.SpoolDirectory, conf.LogDirectory} {
		if d != "" {
			writes = append(writes, d)
		}
	}
	return reads, writes
}

type serviceUninstallCmd struct{}

// Run stops the service and removes it.
func (serviceUninstallCmd) Run(e *env) error {
	return manage(e, (*service.Service).Uninstall, map[service.Result]string{
		service.Removed:   "the service is removed; configuration, data and account are still there",
		service.Unchanged: "the service is not installed",
	})
}

type serviceStartCmd struct{}

// Run starts the service.
func (serviceStartCmd) Run(e *env) error {
	return manage(e, (*service.Service).Start, map[service.Result]string{
		service.Started: "the service is started", service.Unchanged: "the service runs already",
	})
}

type serviceStopCmd struct{}

// Run stops the service.
func (serviceStopCmd) Run(e *env) error {
	return manage(e, (*service.Service).Stop, map[service.Result]string{
		service.Stopped: "the service is stopped", service.Unchanged: "the service is stopped already",
	})
}

type serviceRestartCmd struct{}

// Run stops and starts the service.
func (serviceRestartCmd) Run(e *env) error {
	return manage(e, (*service.Service).Restart, map[service.Result]string{
		service.Restarted: "the service is restarted", service.Started: "the service is started",
	})
}

// manage calls a method of the service, and prints the text for its result.
func manage(e *env, method func(*service.Service, context.Context) (service.Result, error), texts map[service.Result]string) error {
	if err := service.MayManage(); err != nil {
		return err
	}
	s, err := thisService(e)
	if err != nil {
		return err
	}
	result, err := method(s, e.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, texts[result])
	return nil
}

// thisService returns the service for this program.
func thisService(e *env) (*service.Service, error) {
	o, err := serviceOptions(e)
	if err != nil {
		return nil, err
	}
	return service.New(o)
}

type serviceStatusCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run prints the state of the service. Its exit code is 0 only if the service runs.
func (c serviceStatusCmd) Run(e *env) error {
	s, err := thisService(e)
	if err != nil {
		return err
	}
	status, err := s.Status(e.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = e.printJSON(status)
	} else {
		printServiceStatus(e, status, time.Now())
	}
	if err != nil || status.IsRunning() {
		return err
	}
	return &failure{code: exitFailed, err: errors.New("the service is " + string(status.State)), hint: status.Hint()}
}

// printServiceStatus prints the state of the service for a person.
func printServiceStatus(e *env, s service.Status, now time.Time) {
	state := string(s.State)
	if !s.Since.IsZero() {
		state += fmt.Sprintf(" since %s (%v)", s.Since.Local().Format(time.DateTime), now.Sub(s.Since).Round(time.Second))
	}
	printLine(e.stdout, "state     %s", state)
	if s.State == service.StateNotInstalled {
		return
	}
	if s.PID != 0 {
		printLine(e.stdout, "process   %d", s.PID)
	}
	printLine(e.stdout, "daemon    %s", cmp.Or(s.Text, "has said nothing"))
	if s.Failed != "" {
		printLine(e.stdout, "failed at %s, before the daemon was started", s.Failed)
	} else if s.Result != "" {
		printLine(e.stdout, "last end  %s, exit code %d", s.Result, s.ExitCode)
	}
	printLine(e.stdout, "restarts  %d", s.Restarts)
	printLine(e.stdout, "starts    %s", map[bool]string{true: "with the system", false: "only by hand"}[s.Enabled])
	printLine(e.stdout, "unit      %s", s.Unit)
}
