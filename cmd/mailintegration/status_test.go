package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mailintegration/config"
	"mailintegration/config/key"
	"mailintegration/store"
)

// keeps plays a daemon that polls mailboxes, and has reported about them.
func (in *installed) keeps(reports ...store.PollReport) {
	in.Helper()
	service, _, err := config.LoadService(in.config, key.Source{})
	if service == nil {
		in.Fatal(err)
	}
	s, err := store.Open(in.Context(), store.Options{
		URL: service.DatabaseURL.Reveal(), AttachmentDirectory: service.AttachmentDirectory,
	})
	if err != nil {
		in.Fatal(err)
	}
	defer s.Close()
	k := store.Keeping{Duration: store.MaxLease}
	for _, r := range reports {
		k.Mailboxes = append(k.Mailboxes, r.Mailbox)
	}
	holder := store.NewHolder("1.2.3")
	holder.Host, holder.Process = "mail1", 4711
	if _, err := s.KeepLeases(in.Context(), holder, k); err != nil {
		in.Fatal(err)
	}
	k.Reports = reports
	if _, err := s.KeepLeases(in.Context(), holder, k); err != nil {
		in.Fatal(err)
	}
}

// run runs the program and returns its exit code and its output.
func (in *installed) run(args ...string) (code int, stdout, stderr string) {
	in.Helper()
	var out, errs bytes.Buffer
	code = run(in.Context(), append([]string{"--config", in.config}, args...), nil, &out, &errs)
	return code, out.String(), errs.String()
}

// wantLines fails the test unless text has a line for each pattern, in their order.
func wantLines(t *testing.T, text string, patterns ...string) {
	t.Helper()
	rest := text
	for _, p := range patterns {
		at := regexp.MustCompile("(?m)" + p).FindStringIndex(rest)
		if at == nil {
			t.Fatalf("no line %q (in this place) in\n%s", p, text)
		}
		rest = rest[at[1]:]
	}
}

func TestStatusOfAHealthyInstallation(t *testing.T) {
	t.Parallel()
	in := install(t, 1, "helpdesk", "secret-of-helpdesk")
	in.keeps(store.PollReport{Mailbox: "helpdesk", Succeeded: true, DueIn: time.Hour, Backlog: 3})
	code, out, errs := in.run("status")
	if code != exitDone || errs != "" {
		t.Errorf("exit code %d, %s", code, errs)
	}
	wantLines(t, out,
		`^configuration  .*mailintegration.xml, no mistakes$`,
		`^database       \S+:\d+/\S+, answers$`,
		`^daemons        mail1 \(process 4711, version 1.2.3\) polls 1 mailbox, started \d+ s ago$`,
		`^mailboxes      1 ok$`,
		`^messages       3 not recorded yet; none was recorded yet$`)
	if n := strings.Count(out, "\n"); n > 24 {
		t.Errorf("%d lines are more than a screen", n)
	}

	code, out, errs = in.run("mailbox", "list")
	if code != exitDone || errs != "" {
		t.Errorf("exit code %d, %s", code, errs)
	}
	wantLines(t, out, `^NAME +SERVER +SECURITY +SCHEDULE +STATE +LAST GOOD POLL +NEXT POLL +BACKLOG +POLLED BY +AUTHENTICATION$`,
		`^helpdesk +127.0.0.1:1 +None +30s +ok +\d+ s ago +in \d+ min +3 +mail1 \(process 4711\) +Basic$`)

	code, out, _ = in.run("status", "--json")
	var r statusReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitDone {
		t.Fatalf("exit code %d, %v\n%s", code, err, out)
	}
	if !r.Database.Answers || len(r.Daemons) != 1 || !r.Daemons[0].Alive || r.Mailboxes[stateOK] != 1 || r.Backlog != 3 ||
		len(r.Problems) > 0 {
		t.Errorf("%s", out)
	}
}

func TestStatusOfMailboxesInTrouble(t *testing.T) {
	t.Parallel()
	in := install(t, 1, "helpdesk", "secret-of-helpdesk")
	folder := filepath.Join(filepath.Dir(in.config), "mailboxes")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("broken.xml", "<MailIntegration>\n<Port>many</Port><Password>secret-of-broken</Password></MailIntegration>")
	write("off.xml", strings.Replace(fmt.Sprintf(killedMailbox, 1, "off", "x"), "<Password>", "<Enabled>no</Enabled><Password>", 1))
	write("lonely.xml", fmt.Sprintf(killedMailbox, 1, "lonely", "x"))
	in.keeps(
		store.PollReport{Mailbox: "helpdesk", DueIn: time.Hour, Problem: "LOGIN: the server refused the user name", Cause: "login"},
		store.PollReport{Mailbox: "broken", Succeeded: true, DueIn: time.Hour},
	)
	code, out, errs := in.run("status")
	if code != exitFailed {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	wantLines(t, out, `^configuration .*, \d mistakes in mailbox files$`, `^mailboxes      1 failing, 1 not polled, 1 broken, 1 disabled$`,
		`^helpdesk: failing for \d+ s \(login\): LOGIN: the server refused the user name$`,
		`^lonely: no daemon polls it; the last good poll: -$`,
		`^broken \(polled as before\): .*broken.xml:\d+:\d+: .* … and \d more$`)
	wantLines(t, errs, `^mailintegration: some mailboxes are not polled$`, `^hint: `)

	code, out, errs = in.run("mailbox", "list")
	if code != exitConfiguration || !strings.Contains(errs, "broken.xml:2:1: Port: many is not a port") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	wantLines(t, out, `^helpdesk .* failing +- +in \d+ min `, `^lonely .* not polled +- +- +- +- +Basic$`, `^off .* disabled `,
		`^broken +- +- +- +broken .* mail1 \(process 4711\) +-$`, `^helpdesk: failing for \d+ s \(login\): LOGIN`)
	if strings.Contains(out+errs, "secret-of") {
		t.Errorf("a secret is printed:\n%s%s", out, errs)
	}

	_, out, _ = in.run("mailbox", "list", "--json")
	var list []mailboxSummary
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 4 {
		t.Fatalf("%v\n%s", err, out)
	}
	if m := list[3]; m.Name != "broken" || m.State != stateBroken || len(m.Mistakes) == 0 || m.Holder == nil {
		t.Errorf("%+v", m)
	}
}

// TestTheWorstDecidesTheExitCodeOfStatus needs no database.
func TestTheWorstDecidesTheExitCodeOfStatus(t *testing.T) {
	t.Parallel()
	now := time.Now()
	alive := []store.DaemonState{{AliveUntil: now.Add(time.Minute)}}
	dead := []store.DaemonState{{AliveUntil: now.Add(-time.Minute)}, {AliveUntil: now.Add(time.Minute), Once: true}}
	in := func(states ...state) (all []mailboxSummary) {
		for _, s := range states {
			all = append(all, mailboxSummary{State: s})
		}
		return all
	}
	for _, test := range []struct {
		name string
		seen observation
		want int
	}{
		{"all is well", observation{daemons: alive, mailboxes: in(stateOK, stateDisabled, stateNew)}, exitDone},
		{"nothing is configured", observation{}, exitDone},
		{"every mailbox is disabled", observation{mailboxes: in(stateDisabled)}, exitDone},
		{"the database does not answer", observation{err: errors.New("x"), mailboxes: in(stateUnknown)}, exitFailed},
		{"the daemon is dead, and another program polls once", observation{daemons: dead, mailboxes: in(stateOK)}, exitFailed},
		{"a mailbox is not polled", observation{daemons: alive, mailboxes: in(stateOK, stateNotPolled)}, exitFailed},
		{"a file is broken", observation{daemons: alive, mailboxes: in(stateFailing, stateBroken), broken: &config.Error{}}, exitConfiguration},
		{"a problem is open", observation{daemons: alive, mailboxes: in(stateOK), problems: []openProblem{{Event: 1}}}, exitFailed},
		{"a mailbox fails", observation{daemons: alive, mailboxes: in(stateOK, stateFailing)}, exitUnreachable},
	} {
		test.seen.at = now
		code := exitDone
		var f *failure
		if err := test.seen.verdict(); errors.As(err, &f) {
			code = f.code
		}
		if code != test.want {
			t.Errorf("%s: exit code %d, want %d", test.name, code, test.want)
		}
	}
}

func TestATimeIsToldInOneUnit(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 400 * time.Millisecond: "0 s", 119 * time.Second: "119 s", 2 * time.Minute: "2 min", 119 * time.Minute: "119 min",
		2 * time.Hour: "2 h", 47 * time.Hour: "47 h", 48 * time.Hour: "2 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%s is told as %s, want %s", d, got, want)
		}
	}
}

func TestStatusFitsAScreen(t *testing.T) {
	t.Parallel()
	now := time.Now()
	seen := observation{service: &config.Service{}, at: now}
	for i := range 100 {
		seen.mailboxes = append(seen.mailboxes, mailboxSummary{Name: fmt.Sprint(i), State: stateFailing, Problem: "first\nsecond"})
	}
	var out bytes.Buffer
	e := &env{stdout: &out}
	seen.print(e, seen.report(e))
	if n := strings.Count(out.String(), "\n"); n > 20 {
		t.Errorf("%d lines:\n%s", n, &out)
	}
	wantLines(t, out.String(), `^… and 90 more: mailintegration mailbox list$`)
}
