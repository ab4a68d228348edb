package daemon

import (
	"fmt"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// A stray answer shifts all answers after it.
func TestAStrayAnswerDeletesNothingUnrecorded(t *testing.T) {
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
	for n := 0; n < 5 && w.maildrops.Count(helpdesk) > 0; n++ { // messages that ended a session are tried alone
		w.poll()
		w.idle()
	}
	w.wantSubjects(first, nil)
	if left := w.maildrops.Count(helpdesk); left != 0 {
		w.Errorf("%d messages are left", left)
	}
}

// wantSubjects fails the test unless each message since first is recorded or still in the maildrop. When a stray line
// was taken for the first line of a message, the header is in its text: the message is whole.
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
