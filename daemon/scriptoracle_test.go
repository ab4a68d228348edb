package daemon

import (
	"context"
	"crypto/sha256"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"

	"mailintegration/processor"
)

// Limits of the oracle.
const (
	// maxScriptPoll is how long a poll may take when a step may take scriptStepTimeout. The slowest servers send a
	// header of 16 MiB at 32 KiB a second; no session begins once messages have ended sessions for 10 minutes.
	maxScriptPoll = 20 * time.Minute
	// maxHealedPolls is the number of polls that may be needed once the server keeps to the rules.
	maxHealedPolls = 8
	// enoughAttempts is the number of attempts after which a message that comes short may stay on the server for ever.
	enoughAttempts = 3
	// scriptLeaveTime is longer than LeaveOnServer keeps a message.
	scriptLeaveTime = 73 * time.Hour
)

// scriptRecord is the database's record of a script's mailbox.
type scriptRecord struct {
	digests  map[[sha256.Size]byte]bool // of receipts
	tooLarge int                        // receipts of messages that were too large to be retrieved
}

// record reads the receipts of the script's mailbox.
func (l *scriptLife) record(ctx context.Context) (*scriptRecord, error) {
	rows, err := l.stage.pool.Query(ctx, `SELECT r.digest, r.reason FROM receipt AS r JOIN mailbox AS m ON m.id = r.mailbox_id
		WHERE lower(m.name) = $1`, l.name())
	if err != nil {
		return nil, err
	}
	record := &scriptRecord{digests: map[[sha256.Size]byte]bool{}}
	var digest []byte
	var reason string
	_, err = pgx.ForEachRow(rows, []any{&digest, &reason}, func() error {
		record.digests[[sha256.Size]byte(digest)] = true
		if reason == string(processor.ReasonTooLarge) {
			record.tooLarge++
		}
		return nil
	})
	return record, err
}

// has reports whether a message is recorded: its own octets, or octets that the client had to believe were the message.
func (r *scriptRecord) has(m *scriptMessage) bool {
	if r.digests[m.digest] {
		return true
	}
	for digest := range m.served {
		if r.digests[digest] {
			return true
		}
	}
	return false
}

// mayStay reports whether a message may stay on a server that keeps to the rules, without LeaveOnServer.
func (l *scriptLife) mayStay(m *scriptMessage) bool {
	return l.isTooLarge(m) || m.shorts >= enoughAttempts
}

// isTooLarge reports whether a message is larger than the client accepts.
func (l *scriptLife) isTooLarge(m *scriptMessage) bool {
	return int64(len(m.octets)) > l.script.client.limit
}

// tooLarge returns the digests of the messages that are too large for the client.
func (l *scriptLife) tooLarge() map[[sha256.Size]byte]bool {
	digests := map[[sha256.Size]byte]bool{}
	for _, m := range l.server.left() {
		if l.isTooLarge(m) {
			digests[m.digest] = true
		}
	}
	return digests
}

// judgeRemovals notes a fault for each message that is gone and not recorded.
func (l *scriptLife) judgeRemovals(record *scriptRecord) {
	for _, n := range l.server.sessions {
		for _, m := range n.removed {
			if !record.digests[m.digest] && !n.excuses(m, record) {
				l.fault("%s was deleted in session %d and is not recorded", m.name, n.number)
			}
		}
	}
}

// excuses reports whether a client could not know that it deleted a message whose own octets are not recorded. Then
// every answer had its command, and either the octets that the client took for the message are recorded, or the client
// had to believe that it had not retrieved the message.
func (n *scriptSession) excuses(m *scriptMessage, record *scriptRecord) bool {
	if !n.isAccountedFor() {
		return false
	}
	if record.has(m) {
		return true
	}
	r := n.reading()
	for i, other := range n.messages {
		if other == m {
			return !n.deleted[m] && r.refused[i+1]
		}
	}
	return false
}

// judgeRest notes a fault for each message that is not recorded, or not deleted, although the server keeps to the
// rules.
func (l *scriptLife) judgeRest(record *scriptRecord) {
	for _, m := range l.server.left() {
		switch {
		case l.mayStay(m):
		case !record.has(m):
			l.fault("%s is not recorded after %d good polls", m.name, l.healed)
		case l.script.client.leave != LeaveAlways:
			l.fault("%s is recorded and not deleted after %d good polls", m.name, l.healed)
		}
	}
	if n := len(l.tooLarge()); record.tooLarge < n {
		l.fault("of %d messages that are too large %d are recorded as such", n, record.tooLarge)
	}
}

// judgePoll notes the faults of one poll.
func (l *scriptLife) judgePoll(r Report, took time.Duration) {
	if sum := r.Recorded() + r.Known + r.Oversize + r.Failed + r.Deferred; sum != r.Listed {
		l.fault("of %d messages listed %d are accounted for: %+v", r.Listed, sum, r)
	}
	if took > maxScriptPoll {
		l.fault("a poll took %v", took)
	}
	if r.Err != nil && strings.Contains(r.Err.Error(), "panic") {
		l.fault("%v", r.Err)
	}
	if r.Skipped {
		l.fault("a poll was skipped")
	}
}

// judgeLeftovers notes a fault for each goroutine that a poll left running and each connection that it left open.
func (l *scriptLife) judgeLeftovers() {
	synctest.Wait()
	for _, n := range l.server.sessions {
		select {
		case <-n.done:
		default:
			l.fault("session %d was left open", n.number)
		}
	}
	for _, stack := range leftGoroutines() {
		l.fault("a goroutine is left:\n%s", stack)
	}
}

// leftGoroutines returns the stacks of this bubble's goroutines that run code of package daemon or mailbox, except the
// caller's.
func leftGoroutines() (left []string) {
	buffer := make([]byte, 1<<20)
	stacks := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
	bubble := stacks[0][strings.Index(stacks[0], "synctest bubble"):]
	bubble, _, _ = strings.Cut(bubble, "]")
	for _, stack := range stacks[1:] {
		header, _, _ := strings.Cut(stack, "\n")
		ours := strings.Contains(stack, "mailintegration/daemon.") || strings.Contains(stack, "mailintegration/mailbox.")
		if strings.Contains(header, bubble+"]") && ours && !strings.Contains(header, "synctest.Run") {
			left = append(left, stack)
		}
	}
	return left
}

// fault notes that the client did something wrong.
func (l *scriptLife) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// judgeRecords returns the mailboxes whose records and receipts differ in number: each message must be recorded once.
// It looks at all scripts at once.
func (h *scriptHall) judgeRecords(t *testing.T) (wrong []string) {
	t.Helper()
	rows, err := h.db.Pool(t).Query(t.Context(), `
		SELECT m.name, coalesce(q.requests, 0), coalesce(r.opened, 0)
		FROM mailbox AS m
		LEFT JOIN (SELECT mailbox_id, count(*) AS requests FROM request GROUP BY mailbox_id) AS q ON q.mailbox_id = m.id
		LEFT JOIN (SELECT mailbox_id, count(*) AS opened FROM receipt WHERE outcome IN ('opened', 'set_aside') GROUP BY mailbox_id) AS r
			ON r.mailbox_id = m.id
		WHERE coalesce(q.requests, 0) <> coalesce(r.opened, 0)
		UNION ALL
		SELECT 'all', (SELECT count(*) FROM activity), (SELECT count(*) FROM receipt WHERE outcome = 'added')
		WHERE (SELECT count(*) FROM activity) <> (SELECT count(*) FROM receipt WHERE outcome = 'added')`)
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var records, receipts int
	_, err = pgx.ForEachRow(rows, []any{&name, &records, &receipts}, func() error {
		wrong = append(wrong, fmt.Sprintf("mailbox %s: %d records for %d receipts", name, records, receipts))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return wrong
}
