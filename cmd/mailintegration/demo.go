package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mailintegration/cmd/mailintegration/demo"
	"mailintegration/mailbox/pop3test"
	"mailintegration/processor"
	"mailintegration/store"
)

type demoCmd struct {
	Exit      bool   `help:"Exit after the sample messages are recorded."`
	Directory string `placeholder:"DIR" help:"Keep everything in this directory. By default, the demo uses a temporary one and removes it."`
	SMTP      string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"The address at which the demo accepts mail."`
}

// Run sets up a whole installation, sends messages to it, polls, and prints what became of each message.
func (c *demoCmd) Run(e *env) error {
	dir, remove, err := c.directory(e)
	if err != nil {
		return err
	}
	defer remove()

	maildrops, err := pop3test.Start(e.ctx, pop3test.Options{})
	if err != nil {
		return err
	}
	defer maildrops.Close()
	for _, user := range demo.Users {
		maildrops.SetPassword(user, pop3test.DefaultPassword)
	}
	mail, err := demo.StartMailServer(c.SMTP, maildrops)
	if err != nil {
		return err
	}
	defer mail.Close()

	installed := *e
	installed.config, err = demo.WriteConfiguration(dir, maildrops.Addr())
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "Starting a private PostgreSQL and a mail server …")
	in, err := open(&installed, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	if err := in.fill(e); err != nil {
		return err
	}
	show := &demonstration{env: e, in: in, mail: mail, messages: filepath.Join(dir, "messages")}
	if err := os.MkdirAll(show.messages, 0o755); err != nil {
		return err
	}
	if err := show.recordSamples(); err != nil {
		return err
	}
	if c.Exit {
		return nil
	}
	return show.keepPolling(installed.config)
}

// directory returns the directory of the demo's files, and a function that removes it if it is temporary.
func (c *demoCmd) directory(e *env) (dir string, remove func(), err error) {
	if c.Directory != "" {
		if dir, err = filepath.Abs(c.Directory); err != nil {
			return "", nil, err
		}
		if err := e.leaveRoot(dir); err != nil {
			return "", nil, err
		}
		return dir, func() {}, os.MkdirAll(dir, 0o755)
	}
	dir, err = os.MkdirTemp("", "mailintegration-demo-")
	if err != nil {
		return "", nil, err
	}
	// The private PostgreSQL may run as another user, which must be able to reach its directory.
	return dir, func() { os.RemoveAll(dir) }, os.Chmod(dir, 0o755)
}

// fill adds the demo's team, group, sites and users, unless an earlier demo in the same directory has added them.
func (in *installation) fill(e *env) error {
	teams, err := in.store.Teams(e.ctx)
	if err != nil || len(teams) > 0 {
		return err
	}
	if err := in.store.AddTeam(e.ctx, demo.Team, store.TeamOptions{Address: "servicedesk@acme.example"}); err != nil {
		return err
	}
	if err := in.store.AddGroup(e.ctx, demo.Team, "Infrastructure"); err != nil {
		return err
	}
	for _, site := range []string{"Head Office", "Montréal"} {
		if err := in.store.AddSite(e.ctx, site); err != nil {
			return err
		}
	}
	_, err = in.store.ImportUsers(e.ctx, strings.NewReader(demo.People), false)
	return err
}

// demonstration sends messages to the installation and prints what became of them.
type demonstration struct {
	*env
	in   *installation
	mail *demo.MailServer

	messages string // the directory that keeps the messages sent, for explain

	mu       sync.Mutex // the mailboxes are polled at the same time
	recorded int
	last     int64 // number of the request that the latest message opened or was added to
}

// recordSamples sends the sample messages and polls. The first message is recorded before the others are sent, since some
// of them answer it by its number.
func (d *demonstration) recordSamples() error {
	samples, err := demo.Samples()
	if err != nil {
		return err
	}
	poller, err := d.in.daemon(d.note)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.stdout, "Sending %d messages and polling:\n\n", len(samples))
	for _, round := range [][]demo.Sample{samples[:1], samples[1:]} {
		if err := d.send(round); err != nil {
			return err
		}
		reports, err := poller.Once(d.ctx)
		if err != nil {
			return err
		}
		if err := verdict(reports); err != nil {
			return errors.Join(err, reports[0].Err, reports[1].Err)
		}
	}
	if d.recorded != len(samples) {
		return fmt.Errorf("%d messages were sent, but %d recorded", len(samples), d.recorded)
	}
	fmt.Fprintf(d.stdout, "\n%d messages sent, %d recorded, each exactly once.\n", len(samples), d.recorded)
	return nil
}

// send sends samples. A sample that answers a request names the latest one.
func (d *demonstration) send(samples []demo.Sample) error {
	for _, s := range samples {
		octets, err := s.Octets(time.Now(), d.last)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d.messages, s.Name+".eml"), octets, 0o644); err != nil {
			return err
		}
		if err := d.mail.Send(d.ctx, s.From, s.To+"@acme.example", octets); err != nil {
			return err
		}
	}
	return nil
}

// note prints what became of one message.
func (d *demonstration) note(mailbox string, m *processor.Message, o store.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recorded++
	d.last = o.Request
	printLine(d.stdout, "  %-11s %s", mailbox, short(cmp.Or(m.Subject, "(no subject)"), 80))
	printLine(d.stdout, "              -> %s", became(m, o))
}

// became returns in a few words what became of a message, and why.
func became(m *processor.Message, o store.Outcome) string {
	var s string
	switch d := o.Decision.(type) {
	case processor.OpenRequest:
		s = fmt.Sprintf("%s %d", d.Kind.Words(), o.Request)
	case processor.AddActivity:
		s = fmt.Sprintf("activity on %d", o.Request)
		if d.Flagged {
			s += ", flagged"
		}
	case processor.SetAside:
		s = fmt.Sprintf("set aside, event %d", o.Request)
	default:
		s = string(o.Result)
	}
	s += ": " + o.Decision.Why().Detail()
	if n := len(m.Defects); n > 0 {
		s += fmt.Sprintf(" (%d defects in the message)", n)
	}
	return s
}

// keepPolling prints how to look at the result and how to send mail, and polls until Ctrl-C.
func (d *demonstration) keepPolling(configFile string) error {
	fmt.Fprintf(d.stdout, demo.Farewell, os.Args[0]+" --config "+configFile, d.mail.SMTP, d.messages)
	poller, err := d.in.daemon(d.note)
	if err != nil {
		return err
	}
	return poller.Run(d.ctx)
}
