package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

const (
	demoPassword = "demo"
	demoTeam     = "ACME"
)

// Run sets up a whole installation, sends it mail, polls, and says what became of each message.
func (c *demoCmd) Run(e *env) error {
	dir, remove, err := c.directory()
	if err != nil {
		return err
	}
	defer remove()

	maildrops, err := pop3test.Start(pop3test.Options{Users: map[string]string{"servicedesk": demoPassword, "monitoring": demoPassword}})
	if err != nil {
		return err
	}
	defer maildrops.Close()
	mail, err := demo.StartMailServer(c.SMTP, maildrops, []string{"servicedesk", "monitoring"})
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
	tour := &tour{env: e, in: in, mail: mail, outcomes: map[string]store.Outcome{}}
	if err := tour.firstRound(); err != nil {
		return err
	}
	if c.Exit {
		return nil
	}
	return tour.goOn(installed.config)
}

// directory returns where the demo keeps its files, and how to be rid of them.
func (c *demoCmd) directory() (dir string, remove func(), err error) {
	if c.Directory != "" {
		dir, err = filepath.Abs(c.Directory)
		return dir, func() {}, errors.Join(err, os.MkdirAll(dir, 0o755))
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
	if _, err := in.store.AddTeam(e.ctx, store.NewTeam{Name: demoTeam, Address: "servicedesk@acme.example"}); err != nil {
		return err
	}
	if _, err := in.store.AddGroup(e.ctx, demoTeam, "Infrastructure"); err != nil {
		return err
	}
	for _, site := range []string{"Head Office", "Montréal"} {
		if _, err := in.store.AddSite(e.ctx, site); err != nil {
			return err
		}
	}
	_, err = in.store.ImportUsers(e.ctx, strings.NewReader(demo.Users))
	return err
}

// tour is the demo's course: what is sent, and what became of it.
type tour struct {
	*env
	in       *installation
	mail     *demo.MailServer
	outcomes map[string]store.Outcome // by Message-ID or, without one, subject
}

// firstRound sends the sample messages and polls until all are recorded. The first one goes ahead, since
// others answer it by its number.
func (t *tour) firstRound() error {
	samples, err := demo.Samples()
	if err != nil {
		return err
	}
	d, err := t.in.daemon(t.recorded)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.stdout, "Sending %d messages …\n\n", len(samples))
	var printer int64
	for _, round := range [][]demo.Sample{samples[:1], samples[1:]} {
		for _, s := range round {
			octets, err := s.Octets(time.Now(), printer)
			if err != nil {
				return err
			}
			if err := t.mail.Send(t.ctx, s.From, s.To+"@acme.example", octets); err != nil {
				return err
			}
		}
		reports, err := d.Once(t.ctx)
		if err != nil {
			return err
		}
		if err := verdict(reports); err != nil {
			return err
		}
		for _, o := range t.outcomes {
			printer = max(printer, o.Request)
			break
		}
	}
	if n := len(t.outcomes); n != len(samples) {
		return fmt.Errorf("%d messages were sent, %d recorded", len(samples), n)
	}
	return nil
}

// recorded prints what became of one message.
func (t *tour) recorded(mailbox string, m *processor.Message, o store.Outcome) {
	key := m.MessageID
	if key == "" {
		key = m.Subject
	}
	t.outcomes[key] = o
	fmt.Fprintf(t.stdout, "%-12s %-52s %s\n", mailbox, short(m.Subject, 52), became(m, o))
}

// became says in a few words what became of a message, and why.
func became(m *processor.Message, o store.Outcome) string {
	var s string
	switch d := o.Decision.(type) {
	case processor.OpenRequest:
		s = fmt.Sprintf("%s %d", strings.ReplaceAll(string(d.Kind), "_", " "), o.Request)
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
	s += " (" + o.Decision.Why().Detail + ")"
	if n := len(m.Defects); n > 0 {
		s += fmt.Sprintf("; %d defects", n)
	}
	return s
}

// goOn polls on until Ctrl-C, having said how to look and how to send mail.
func (t *tour) goOn(configFile string) error {
	self := slices.Concat([]string{os.Args[0]}, []string{"--config", configFile})
	fmt.Fprintf(t.stdout, demo.Farewell, strings.Join(self, " "), t.mail.SMTP)
	d, err := t.in.daemon(t.recorded)
	if err != nil {
		return err
	}
	return d.Run(t.ctx)
}
