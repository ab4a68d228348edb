package daemon

import (
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailintegration/mailbox"
)

// The tests in this file check the oracle of the server scripts, with clients that do something wrong and some that do
// not.

// handPlay plays a session line by line with the server of a script. The client waits for the answer to each line.
func handPlay(t *testing.T, script *serverScript, lines ...string) *scriptLife {
	t.Helper()
	script.client.limit = 1 << 20
	l := &scriptLife{script: script, server: newScriptServer(script)}
	conn, err := l.server.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range append([]string{"CAPA", "USER x", "PASS x", "STAT", "LIST"}, lines...) {
		synctest.Wait()
		if _, err := conn.Write([]byte(strings.ReplaceAll(line, "|", "\r\n") + "\r\n")); err != nil {
			break // the server has left
		}
	}
	<-time.After(time.Minute) // of the bubble's
	_ = conn.Close()
	synctest.Wait()
	for _, n := range l.server.sessions {
		n.note()
	}
	return l
}

// handScript returns the script of a server with two messages.
func handScript(change func(*serverScript)) *serverScript {
	s := &serverScript{first: 2, random: rand.New(rand.NewPCG(1, 1)), uidl: properUIDL, pipelining: true}
	if change != nil {
		change(s)
	}
	return s
}

// fixedFault adds a fault that always strikes at one command.
func fixedFault(verb string, message int, act func(*scriptSession, scriptCommand)) func(*serverScript) {
	return func(s *serverScript) {
		s.faults = append(s.faults, &scriptFault{class: "fixed", verb: verb, message: message, times: -1, act: act})
	}
}

// sendsStray sends a line before the answer.
func sendsStray(line string) func(*scriptSession, scriptCommand) {
	return func(n *scriptSession, c scriptCommand) {
		n.put([]byte(line + "\r\n"))
		n.wait(time.Millisecond)
		n.send(n.execute(c).octets())
	}
}

// sendsText sends other octets as the message.
func sendsText(text string) func(*scriptSession, scriptCommand) {
	return func(n *scriptSession, c scriptCommand) {
		n.sendMessage(c, func([]byte) []byte { return []byte(text + ".\r\n") })
	}
}

func TestTheOracleNoticesAMessageThatIsDeletedUnrecorded(t *testing.T) {
	t.Parallel()
	damaged := strings.Repeat("Damaged, but as long as it was.\r\n", 80)
	tests := []struct {
		name     string
		server   func(*serverScript)
		client   []string
		recorded []string // texts, or the names of messages
		lost     []string
	}{
		{"nothing is recorded", nil, []string{"RETR 1", "DELE 1", "STAT", "QUIT"}, nil, []string{"message 1"}},
		{"all is recorded", nil, []string{"RETR 1", "RETR 2", "DELE 1", "DELE 2", "STAT", "QUIT"}, []string{"message 1", "message 2"}, nil},
		{"another one is recorded", nil, []string{"RETR 1", "RETR 2", "DELE 2", "STAT", "QUIT"}, []string{"message 1"}, []string{"message 2"}},
		{"no QUIT", nil, []string{"RETR 1", "DELE 1"}, nil, nil},
		{"EXPIRE 0, and QUIT without a record", func(s *serverScript) { s.expire = "0" }, []string{"RETR 1", "RETR 2", "QUIT"},
			[]string{"message 1"}, []string{"message 2"}},
		{"EXPIRE 0 that was not announced deletes nothing", func(s *serverScript) { s.expire, s.noCAPA = "0", true },
			[]string{"RETR 1", "QUIT"}, nil, nil},
		{"the octets that the server sent are recorded", fixedFault("RETR", 1, sendsText(damaged)),
			[]string{"RETR 1", "DELE 1", "STAT", "QUIT"}, []string{damaged}, nil},
		{"the octets that the server sent are recorded, and QUIT follows at once", fixedFault("RETR", 1, sendsText(damaged)),
			[]string{"RETR 1", "DELE 1|QUIT"}, []string{damaged}, nil},
		{"the server sent far too few octets", fixedFault("RETR", 1, sendsText("From: ann\r\n")), []string{"RETR 1", "DELE 1", "STAT", "QUIT"},
			[]string{"From: ann\r\n"}, []string{"message 1"}},
		{"a stray answer shifts those that follow", fixedFault("RETR", 1, sendsStray("-ERR busy")),
			[]string{"RETR 1", "RETR 2", "DELE 2", "QUIT"}, []string{"message 1"}, []string{"message 2"}},
		{"a stray answer comes after the work", fixedFault("STAT", 0, sendsStray("+OK 2 400")),
			[]string{"RETR 1", "DELE 1", "QUIT"}, []string{"message 1"}, nil},
		{"a stray line at RETR is a line of the message", func(s *serverScript) {
			fixedFault("RETR", 1, sendsStray("+OK"))(s)
		}, []string{"RETR 1", "DELE 1", "STAT", "QUIT"}, []string{"+OK and message 1"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := handPlay(t, handScript(test.server), test.client...)
				l.judgeRemovals(handRecord(l, test.recorded))
				if len(l.faults) != len(test.lost) || !slices.EqualFunc(l.faults, test.lost, strings.HasPrefix) {
					t.Errorf("found %q, want %q lost\n%s", l.faults, test.lost, l)
				}
			})
		})
	}
}

// handRecord makes a record of texts and of messages by their names.
func handRecord(l *scriptLife, recorded []string) *scriptRecord {
	record := &scriptRecord{digests: map[[sha256.Size]byte]bool{}}
	for _, text := range recorded {
		for _, m := range l.script.delivered {
			switch text {
			case m.name:
				text = string(m.octets)
			case "+OK and " + m.name:
				text = l.script.okLine(m) + string(m.octets)
			}
		}
		record.digests[sha256.Sum256([]byte(text))] = true
	}
	return record
}

// okLine returns the status line of an answer to RETR.
func (s *serverScript) okLine(m *scriptMessage) string {
	n := scriptSession{server: &scriptServer{script: s}, messages: []*scriptMessage{m}, retrieved: map[*scriptMessage]bool{}}
	return n.about(parseScriptCommand("RETR 1"), m).status + "\r\n"
}

func TestTheOracleNoticesAMessageThatIsLeft(t *testing.T) {
	t.Parallel()
	for _, leave := range []LeavePolicy{LeaveNever, LeaveAlways} {
		synctest.Test(t, func(t *testing.T) {
			l := handPlay(t, handScript(func(s *serverScript) { s.client.leave = leave }), "QUIT")
			l.judgeRest(handRecord(l, []string{"message 1"}))
			want := []string{"message 1 is recorded and not deleted", "message 2 is not recorded"}
			if leave == LeaveAlways {
				want = want[1:]
			}
			if !slices.EqualFunc(l.faults, want, strings.HasPrefix) {
				t.Errorf("LeaveOnServer %d: found %q, want %q", leave, l.faults, want)
			}
		})
	}
}

func TestTheOracleNoticesASessionThatIsLeftOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &scriptLife{script: handScript(nil)}
		l.server = newScriptServer(l.script)
		session, err := mailbox.Open(t.Context(), mailbox.Account{
			Server: "127.0.0.1", Port: 110, Security: mailbox.None, Dial: l.server.Dial, UserName: "x", Password: "x",
		})
		if err != nil {
			t.Fatal(err)
		}
		l.judgeLeftovers()
		if len(l.faults) == 0 {
			t.Error("the oracle notices nothing")
		}
		_ = session.Close()
		l.faults = nil
		l.judgeLeftovers()
		if len(l.faults) > 0 {
			t.Errorf("found %q after the session was closed", l.faults)
		}
	})
}

func TestTheOracleNoticesAMessageThatIsRecordedTwice(t *testing.T) {
	t.Parallel()
	hall := newScriptHall(t)
	synctest.Test(t, func(t *testing.T) { hall.newStage(t).play(drawScript(1, nil, 0)) })
	if wrong := hall.judgeRecords(t); len(wrong) > 0 {
		t.Fatalf("found %q though nothing is wrong yet", wrong)
	}
	hall.db.Exec(t, `INSERT INTO request (team_id, kind, subject, requester_id, user_id, mailbox_id, opened_at, opened_by_id)
		SELECT team_id, kind, subject, requester_id, user_id, mailbox_id, opened_at, opened_by_id FROM request LIMIT 1`)
	if wrong := hall.judgeRecords(t); len(wrong) != 1 {
		t.Errorf("found %q, want the mailbox with one record too many", wrong)
	}
}
