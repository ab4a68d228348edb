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
	Exit      bool   `help:"End after the first round."`
	Directory string `placeholder:"DIR" help:"Keep everything in this directory; a temporary one, removed at the end, when none is given."`
	SMTP      string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Where the demo takes mail."`
}

// Run sets up a whole installation, sends it mail, polls, and says what became of each message.
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
	tour := &tour{env: e, in: in, mail: mail, messages: filepath.Join(dir, "messages")}
	if err := os.MkdirAll(tour.messages, 0o755); err != nil {
		return err
	}
	if err := tour.firstRound(); err != nil {
		return err
	}
	if c.Exit {
		return nil
	}
	return tour.goOn(installed.config)
}

// directory returns where the demo keeps its files, and how to be rid of them.
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
	// The private PostgreSQL may run as another user, who has to reach its directory.
	return dir, func() { os.RemoveAll(dir) }, os.Chmod(dir, 0o755)
}

// fill records the people and places of the demo; on a directory used before they are there.
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
	_, err = in.store.ImportUsers(e.ctx, strings.NewReader(demo.People))
	return err
}

// tour is the demo's course: what is sent, and what became of it.
type tour struct {
	*env
	in   *installation
	mail *demo.MailServer

	messages string // directory that keeps what was sent, to be explained

	mu       sync.Mutex // mailboxes are polled at the same time
	recorded int
	last     int64 // number of the request that was opened or added to last
}

// firstRound sends the sample messages and polls. The first message goes ahead, since others answer it by its number.
func (t *tour) firstRound() error {
	samples, err := demo.Samples()
	if err != nil {
		return err
	}
	d, err := t.in.daemon(t.note)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.stdout, "Sending %d messages and polling:\n\n", len(samples))
	for _, round := range [][]demo.Sample{samples[:1], samples[1:]} {
		if err := t.send(round); err != nil {
			return err
		}
		reports, err := d.Once(t.ctx)
		if err != nil {
			return err
		}
		if err := verdict(reports); err != nil {
			return errors.Join(err, reports[0].Err, reports[1].Err)
		}
	}
	if t.recorded != len(samples) {
		return fmt.Errorf("%d messages were sent, %d recorded", len(samples), t.recorded)
	}
	fmt.Fprintf(t.stdout, "\n%d messages sent, %d recorded, each exactly once.\n", len(samples), t.recorded)
	return nil
}

// send sends samples; those that name a request name the one that was recorded last.
func (t *tour) send(samples []demo.Sample) error {
	for _, s := range samples {
		octets, err := s.Octets(time.Now(), t.last)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(t.messages, s.Name+".eml"), octets, 0o644); err != nil {
			return err
		}
		if err := t.mail.Send(t.ctx, s.From, s.To+"@acme.example", octets); err != nil {
			return err
		}
	}
	return nil
}

// note prints what became of one message.
func (t *tour) note(mailbox string, m *processor.Message, o store.Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recorded++
	t.last = o.Request
	printLine(t.stdout, "  %-11s %s", mailbox, short(cmp.Or(m.Subject, "(no subject)"), 80))
	printLine(t.stdout, "              -> %s", became(m, o))
}

// became says in a few words what became of a message, and why.
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
		s = string(o.Outcome)
	}
	s += ": " + o.Decision.Why().Detail()
	if n := len(m.Defects); n > 0 {
		s += fmt.Sprintf(" (%d defects in the message)", n)
	}
	return s
}

// goOn polls on until Ctrl-C, having said how to look and how to send mail.
func (t *tour) goOn(configFile string) error {
	fmt.Fprintf(t.stdout, demo.Farewell, os.Args[0]+" --config "+configFile, t.mail.SMTP, t.messages)
	d, err := t.in.daemon(t.note)
	if err != nil {
		return err
	}
	return d.Run(t.ctx)
}
