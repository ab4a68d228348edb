package daemon

import (
	"fmt"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// TestADialogueOutOfStepDeletesNothingUnrecorded: a stray answer shifts all that follow.
func TestADialogueOutOfStepDeletesNothingUnrecorded(t *testing.T) {
	t.Parallel()
	for which, o := range servers {
		for _, batch := range []int{1, 2, 50} {
			t.Run(fmt.Sprintf("in batches of %d%s", batch, which), func(t *testing.T) {
				t.Parallel()
				w := newWorldOn(t, o)
				w.options.BatchMessages = batch
				for _, stray := range []string{"-ERR stray", "+OK stray", "+OK 3 deleted", "+OK 120 octets", "+OK", "nonsense"} {
					for _, step := range []string{"RETR 1", "RETR 2", "RETR 4", "DELE 1", "DELE 4", "STAT", "QUIT"} {
						w.outOfStep(stray, step)
						if t.Failed() {
							t.Fatalf("%q before %s", stray, step)
						}
					}
				}
			})
		}
	}
}

// outOfStep polls four messages with a stray line before an answer.
func (w *world) outOfStep(stray, step string) {
	w.Helper()
	first := w.added + 1
	for range 4 {
		w.mail()
	}
	w.maildrops.At(step).Times(1).Precede([]byte(stray + "\r\n"))
	w.poll()
	w.idle()
	w.maildrops.Heal()
	w.wantSubjects(first, w.maildrops.Messages(helpdesk))
	for n := 0; n < 5 && w.maildrops.Count(helpdesk) > 0; n++ { // some were given up with the session, and are tried alone
		w.poll()
		w.idle()
	}
	w.wantSubjects(first, nil)
	if left := w.maildrops.Count(helpdesk); left != 0 {
		w.Errorf("%d messages are left", left)
	}
}

// wantSubjects fails the test unless each message since first is recorded or left. A stray line that was taken for a
// message's first stands in its text: the message is whole.
func (w *world) wantSubjects(first int, left []pop3test.Message) {
	w.Helper()
	for n := first; n <= w.added; n++ {
		subject := fmt.Sprintf("Nr. %d", n)
		isLeft := false
		for _, m := range left {
			isLeft = isLeft || string(m.Octets) == shortMail(n)
		}
		if !isLeft && w.count(`SELECT count(*) FROM request WHERE subject = $1 OR body LIKE '%Subject: ' || $1 || E'\n%'`, subject) == 0 {
			w.Errorf("message %d is neither recorded nor left", n)
		}
	}
}
