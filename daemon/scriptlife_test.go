package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/robfig/cron/v3"

	"mailintegration/mailbox"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

// scriptHall has the resources that all scripts of a test share.
type scriptHall struct {
	db          *storetest.Database
	url         string // of the database, by way of the pooler
	attachments string
	opened      time.Time
}

func newScriptHall(t *testing.T) *scriptHall {
	t.Helper()
	db := storetest.New(t)
	db.Exec(t, people)
	return &scriptHall{db: db, url: newPooler(t, db.URL), attachments: filepath.Join(t.TempDir(), "attachments"), opened: time.Now()}
}

// scriptStage plays one script after another, in a bubble of testing/synctest.
type scriptStage struct {
	t       *testing.T
	store   *store.Store
	pool    *pgxpool.Pool
	real    time.Time // about when the bubble began, in real time
	began   time.Time // when the bubble began, in its own time
	longest time.Duration
}

// newStage opens the database within a bubble.
func (h *scriptHall) newStage(t *testing.T) *scriptStage {
	s := &scriptStage{t: t, real: h.opened, began: time.Now()}
	var err error
	if s.pool, err = pgxpool.New(t.Context(), h.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.pool.Close)
	s.store, err = store.Open(t.Context(), store.Options{URL: h.url, AttachmentDirectory: h.attachments, Now: s.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.store.Close)
	return s
}

// now returns a time near the database's.
func (s *scriptStage) now() time.Time { return s.real.Add(time.Since(s.began)) }

// scriptLife is one script while it is played.
type scriptLife struct {
	stage  *scriptStage
	script *serverScript
	server *scriptServer
	daemon *Daemon
	later  time.Duration // how far the daemon's clock is ahead
	healed int           // polls since the server keeps to the rules
	last   Report
	polls  []string
	faults []string
}

// play plays a script and returns its life, with all faults of the client.
func (s *scriptStage) play(script *serverScript) *scriptLife {
	l := &scriptLife{stage: s, script: script, server: newScriptServer(script)}
	for i, n := range script.arrivals {
		for range n {
			l.server.deliver()
		}
		l.poll(i == 0 || script.restarts)
	}
	l.server.heal()
	record := l.settle()
	if script.client.leave > 0 {
		l.later = scriptLeaveTime
		record = l.settle()
	}
	for _, n := range l.server.sessions {
		n.note()
	}
	l.judgeRemovals(record)
	l.judgeRest(record)
	if l.last.Err != nil {
		l.fault("the last poll failed though the server keeps to the rules: %v", l.last.Err)
	}
	l.faults = append(l.faults, l.server.breaches...)
	l.judgeLeftovers()
	return l
}

// judge fails the test if the client did something wrong in a script.
func (s *scriptStage) judge(l *scriptLife) {
	if len(l.faults) > 0 {
		s.t.Errorf("script %d\n%s", l.script.number, l)
	}
}

// settle polls until nothing is left to do, or too many times, and returns the records. A daemon that has learnt wrong
// things from the server may need a restart.
func (l *scriptLife) settle() *scriptRecord {
	l.healed = 0
	for {
		l.poll(l.script.restarts || l.healed > 2)
		l.healed++
		record, err := l.record(l.stage.t.Context())
		if err != nil {
			l.stage.t.Fatal(err)
		}
		if l.healed == maxHealedPolls || l.last.Err == nil && l.isSettled(record) {
			return record
		}
	}
}

// isSettled reports whether nothing is left to do.
func (l *scriptLife) isSettled(record *scriptRecord) bool {
	for _, m := range l.server.left() {
		stays := l.script.client.leave == LeaveAlways || l.script.client.leave > 0 && l.later == 0
		if !l.mayStay(m) && !(stays && record.has(m)) {
			return false
		}
	}
	return record.tooLarge >= len(l.tooLarge())
}

// poll polls once, with a new daemon if restart is true.
func (l *scriptLife) poll(restart bool) {
	if restart || l.daemon == nil {
		l.daemon = l.newDaemon()
	}
	l.letTimePass()
	ctx, cancel := context.WithCancel(l.stage.t.Context())
	defer cancel()
	l.server.stop = cancel
	started := time.Now()
	reports, err := l.daemon.Once(ctx)
	if err != nil {
		l.fault("poll: %v", err)
		return
	}
	took := time.Since(started)
	l.stage.longest = max(l.stage.longest, took)
	l.last = reports[0]
	l.polls = append(l.polls, fmt.Sprintf("poll after %d sessions, took %v: %+v", len(l.server.sessions), took, l.last))
	l.judgePoll(l.last, took)
}

// letTimePass ends what would keep the next poll waiting: the time between log-ins that the server wants, and a lease that
// a stop could not give back. The database's clock is not the bubble's.
func (l *scriptLife) letTimePass() {
	w := l.daemon.workers[0]
	w.mu.Lock()
	w.notBefore = time.Time{}
	w.mu.Unlock()
	_, err := l.stage.pool.Exec(l.stage.t.Context(), `UPDATE lease SET holder_id = NULL, wanted_by_id = NULL, not_before = NULL
		WHERE mailbox_id = (SELECT id FROM mailbox WHERE name = $1)`, l.name())
	if err != nil {
		l.stage.t.Fatal(err)
	}
}

// name returns the mailbox's name.
func (l *scriptLife) name() string { return fmt.Sprintf("script-%d", l.script.number) }

// newDaemon returns a daemon for the script's mailbox.
func (l *scriptLife) newDaemon() *Daemon {
	c := l.script.client
	m := Mailbox{Name: l.name(), Rules: endUserRules(), Schedule: cron.Every(30 * time.Second)}
	m.LeaveOnServer, m.SleepAfterDeletion = c.leave, c.sleep
	m.Account = mailbox.Account{
		Server: "127.0.0.1", Port: 110, Security: mailbox.None, Dial: l.server.Dial, UserName: l.name(), Password: "secret",
		StepTimeout: scriptStepTimeout, SpoolMemory: c.memory, MaxOctets: c.limit,
	}
	d, err := New(Options{
		Store: l.stage.store, Mailboxes: []Mailbox{m}, BatchMessages: c.batch, MessagesPerSession: c.session,
		Now: func() time.Time { return l.stage.now().Add(l.later) },
	})
	if err != nil {
		l.stage.t.Fatal(err)
	}
	return d
}

// String describes the script, the faults of the client, and the dialogue.
func (l *scriptLife) String() string {
	var b strings.Builder
	for _, f := range l.faults {
		fmt.Fprintf(&b, "WRONG: %s\n", f)
	}
	b.WriteString(l.script.String())
	for _, n := range l.server.sessions {
		for _, line := range n.dialogue {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	fmt.Fprintf(&b, "  %s\n", strings.Join(l.polls, "\n  "))
	return b.String()
}
