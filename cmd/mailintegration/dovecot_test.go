package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox/dovecottest"
)

const (
	dovecotMessages = 1000
	dovecotAnswers  = 300 // of these, answers to existing requests
	dovecotKills    = 10
	dovecotSlack    = 20 // a batch
)

// backlog starts a real Dovecot with a backlog of messages, and installs the program that reads them.
func backlog(t *testing.T) (*dovecottest.Server, *installed) {
	t.Helper()
	srv := dovecottest.Start(t, dovecottest.Options{})
	in := install(t, srv.Port, "helpdesk", dovecottest.DefaultPassword)
	const first = 20
	for i := range first {
		srv.Deliver("helpdesk", fmt.Appendf(nil, "From: ann@acme.example\r\nSubject: First %d\r\n"+
			"Message-ID: <first-%d@acme.example>\r\n\r\nHelp!\r\n", i, i))
	}
	in.once()
	in.wantRecorded(first)
	for i := range dovecotMessages {
		srv.Deliver("helpdesk", backlogMessage(i, first))
	}
	return srv, in
}

// backlogMessage returns message i. About one in three answers a request, by its number or by In-Reply-To.
func backlogMessage(i, requests int) []byte {
	subject, thread := fmt.Sprintf("Problem %d", i), ""
	switch {
	case i*dovecotAnswers/dovecotMessages == (i+1)*dovecotAnswers/dovecotMessages: // not an answer
	case i%2 == 0:
		subject = fmt.Sprintf("RE: [Incident] %d - First", 1+i%requests)
	default:
		thread = fmt.Sprintf("In-Reply-To: <first-%d@acme.example>\r\n", i%requests)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: ann@acme.example\r\nSubject: %s\r\nMessage-ID: <backlog-%d@acme.example>\r\n%s\r\n", subject, i, thread)
	b.WriteString(strings.Repeat("A line of text that says what is wrong, more or less.\r\n", 90))
	return b.Bytes()
}

// wantBacklog fails the test unless the whole backlog is recorded, each message once, and the maildrop is empty.
func wantBacklog(t *testing.T, srv *dovecottest.Server, in *installed) {
	t.Helper()
	in.wantRecorded(20 + dovecotMessages)
	if n := in.count(`SELECT count(*) FROM activity`); n != dovecotAnswers {
		t.Errorf("%d activities for %d answers", n, dovecotAnswers)
	}
	if left := srv.Count("helpdesk"); left != 0 {
		t.Errorf("%d messages are left in the maildrop", left)
	}
	if out := in.once(); !strings.Contains(out, "helpdesk: 0 listed") {
		t.Errorf("another poll: %s", out)
	}
	in.wantRecorded(20 + dovecotMessages)
}

func TestDovecotBacklogIsRecordedOnce(t *testing.T) {
	t.Parallel()
	srv, in := backlog(t)
	in.once()
	wantBacklog(t, srv, in)
}

func TestDovecotBacklogIsRecordedOnceAlthoughTheProgramIsKilledTenTimes(t *testing.T) {
	t.Parallel()
	srv, in := backlog(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	// The number of recorded messages, not the time, decides when to kill: a random number more than at the last kill.
	recorded := 20
	for range dovecotKills {
		killAfter(t, in, recorded+1+random.IntN(dovecotMessages/dovecotKills/2))
		recorded = in.count(`SELECT count(*) FROM receipt`)
	}
	in.once()
	wantBacklog(t, srv, in)
}

// killAfter runs the verb once and kills it with SIGKILL when that many messages have been recorded. However late this is noticed,
// the program has recorded few more.
func killAfter(t *testing.T, in *installed, recorded int) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	defer in.endLeases()
	defer in.holdAfter(recorded + dovecotSlack)()
	var out bytes.Buffer
	cmd := in.command("once")
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			t.Fatalf("ended before it was killed: %v\n%s", err, &out)
		case <-look.C:
			if in.count(`SELECT count(*) FROM receipt`) >= recorded {
				cmd.Process.Kill()
				<-ended
				return
			}
		}
	}
}

// holdAfter has the database hold a transaction that records more than so many messages, until the caller calls release.
func (in *installed) holdAfter(messages int) (release func()) {
	in.Helper()
	ctx := context.WithoutCancel(in.Context())
	conn, err := in.rows.Acquire(ctx)
	if err != nil {
		in.Fatal(err)
	}
	run := func(sql string) {
		in.Helper()
		if _, err := conn.Exec(ctx, sql); err != nil {
			in.Fatal(err)
		}
	}
	run(`SELECT pg_advisory_lock(4711)`)
	run(fmt.Sprintf(`
		CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
			IF (SELECT count(*) FROM receipt) > %d THEN PERFORM pg_advisory_xact_lock(4711); END IF;
			RETURN NULL;
		END $$;
		CREATE OR REPLACE TRIGGER hold AFTER INSERT ON receipt FOR EACH STATEMENT EXECUTE FUNCTION hold()`, messages))
	return func() {
		defer conn.Release()
		run(`SELECT pg_advisory_unlock(4711)`)
	}
}
