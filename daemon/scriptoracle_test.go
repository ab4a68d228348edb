package daemon

import (
	"context"
	"crypto/sha256"
	"fmt"
	"runtime"
	"strings"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
)

// Limits of the oracle.
const (
	maxScriptPoll   = 5 * time.Minute // that a poll may take with a step's time-out of scriptStepTimeout
	maxHealedPolls  = 8               // within which all must be well once the server keeps to the rules
	enoughAttempts  = 3               // after which a message that comes too short may be left on the server for good
	scriptLeaveTime = 73 * time.Hour  // after which LeaveOnServer ends
)

// receipts returns the digests that are recorded for the script's mailbox.
func (l *scriptLife) receipts(ctx context.Context) (map[[sha256.Size]byte]bool, error) {
	rows, err := l.stage.pool.Query(ctx, `SELECT r.digest FROM receipt AS r JOIN mailbox AS m ON m.id = r.mailbox_id WHERE lower(m.name) = $1`, l.name())
	if err != nil {
		return nil, err
	}
	digests, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	recorded := map[[sha256.Size]byte]bool{}
	for _, d := range digests {
		recorded[[sha256.Size]byte(d)] = true
	}
	return recorded, err
}

// isRecorded reports whether a message is recorded: its own octets, or some that a client had to take for it.
func (m *scriptMessage) isRecorded(recorded map[[sha256.Size]byte]bool) bool {
	if recorded[m.digest] {
		return true
	}
	for digest := range m.served {
		if recorded[digest] {
			return true
		}
	}
	return false
}

// mayStay reports whether a message may be left on a server that keeps to the rules, though it is to be deleted.
func (l *scriptLife) mayStay(m *scriptMessage) bool {
	return int64(len(m.octets)) > l.script.client.limit || m.shorts >= enoughAttempts
}

// judgeRemovals finds the messages that are gone and not recorded.
func (l *scriptLife) judgeRemovals(recorded map[[sha256.Size]byte]bool) {
	for _, n := range l.server.sessions {
		for _, m := range n.removed {
			if !recorded[m.digest] && !n.excuses(m, recorded) {
				l.fault("%s was deleted in session %d and is not recorded", m.name, n.number)
			}
		}
	}
}

// excuses reports whether a client could not know better than to have a message deleted whose own octets are not
// recorded: every answer had its command, and what it took for the message is recorded, or it had to believe that it
// had not retrieved it.
func (n *scriptSession) excuses(m *scriptMessage, recorded map[[sha256.Size]byte]bool) bool {
	if !n.isAccountedFor() {
		return false
	}
	if m.isRecorded(recorded) {
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

// judgeRest finds what is not as it has to be once the server keeps to the rules.
func (l *scriptLife) judgeRest(recorded map[[sha256.Size]byte]bool) {
	for _, m := range l.server.left() {
		switch {
		case l.mayStay(m):
		case !m.isRecorded(recorded):
			l.fault("%s is not recorded after %d good polls", m.name, l.healed)
		case l.script.client.leave != LeaveAlways:
			l.fault("%s is recorded and not deleted after %d good polls", m.name, l.healed)
		}
	}
}

// judgePoll looks at one poll.
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

// judgeLeftovers finds goroutines of the poll and connections that it did not close.
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

// leftGoroutines returns the stacks of this bubble's goroutines that run code of the daemon's or the mailbox's, but for
// the caller's.
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

// fault notes what the client did wrong.
func (l *scriptLife) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}
