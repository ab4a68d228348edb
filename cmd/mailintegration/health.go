package main

import (
	"errors"
	"fmt"

	"mailintegration/config"
	"mailintegration/daemon/monitor"
)

type healthCmd struct {
	output
	Ready bool `help:"Ask whether the daemon can record mail now, not only whether it makes progress."`
}

// Run asks the daemon that listens at Listen how it is. The exit code is 0 if it is well. It reads the configuration only, so
// that it is as fast as a probe must be, and tells the same under any account that can read the service file. A daemon that runs
// outlasts mistakes in the configuration, so only without an answer they are the error.
func (c *healthCmd) Run(e *env) error {
	at := config.LoadListening(e.config, e.keys())
	if at.Listen == "" {
		if service, _, err := config.LoadService(e.config, e.keys()); service == nil {
			return err
		}
		return &failure{
			code: exitConfiguration, err: errors.New("the daemon answers nowhere: Listen is not set in " + e.config),
			hint: "write <Listen>127.0.0.1:9464</Listen> into the service file; the daemon reads it again by itself",
		}
	}
	question := monitor.IsLive
	if c.Ready {
		question = monitor.IsReady
	}
	health, unanswered := monitor.Ask(e.ctx, at.Listen, at.ListenCertificate != "", question)
	if unanswered == nil {
		return c.print(e, health)
	}
	service, _, err := config.LoadService(e.config, e.keys()) // not before: a probe need not read every mailbox file
	switch {
	case service == nil:
		return err
	case service.ListenFault != nil:
		return service.ListenFault
	}
	return &failure{
		code: exitFailed, err: fmt.Errorf("nobody answers at %s: %w", at.Listen, unanswered),
		hint: "if no daemon runs, " + startDaemon + "; if one runs, its log says why it does not listen there",
	}
}

// print prints an answer. Its error makes the exit code.
func (c *healthCmd) print(e *env, health monitor.Health) error {
	if c.JSON {
		if err := e.printJSON(health); err != nil {
			return err
		}
	} else {
		printLine(e.stdout, "%s", health)
	}
	if health.OK {
		return nil
	}
	return &failure{code: exitFailed, err: fmt.Errorf("the daemon is not well: %s", health.State), hint: healthHints[health.State]}
}

// healthHints say what a person can do about a daemon that is not well.
var healthHints = map[monitor.State]string{
	monitor.Starting:            "wait a moment; if it lasts, read the log: mailintegration logs tail",
	monitor.Database:            "run mailintegration check",
	monitor.AttachmentDirectory: "run mailintegration check",
	monitor.Schema:              "run mailintegration db status",
	monitor.Stuck:               "restart the daemon, and report this with its log",
}
