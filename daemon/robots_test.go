package daemon

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
	"mailintegration/mailbox/smtp/smtptest"
	"mailintegration/processor"
	"mailintegration/processor/template"
	"mailintegration/store"
)

// robots are programs that answer every mail they get from the service desk, at once and without any of the header fields by
// which RFC 3834 has such programs known.
type robots struct {
	*world
	smtp   *smtptest.Server
	answer func(n int, got *processor.Message) string // the answer to mail number n
	sent   int                                        // answers
	got    map[string]int                             // mails by the robot's address
}

func newRobots(t *testing.T, rules processor.Rules, answer func(int, *processor.Message) string) *robots {
	t.Helper()
	r := &robots{world: newWorld(t), smtp: smtptest.Run(t, smtptest.Options{}), answer: answer, got: map[string]int{}}
	r.mailbox.Rules = rules
	r.store.SetSending(store.Sending{Domain: "desk.example", Notifies: true})
	r.exec(`UPDATE team SET address = 'helpdesk@desk.example'`)
	r.smtp.SetPassword("helpdesk", "secret")
	return r
}

// send sends all mail that waits in the outbox.
func (r *robots) send() {
	r.Helper()
	for {
		mails, err := r.store.ClaimMail(r.Context(), []string{"", helpdesk}, 100, time.Minute)
		if err != nil {
			r.Fatal(err)
		}
		if len(mails) == 0 {
			return
		}
		session, err := smtp.Open(r.Context(), smtp.Account{
			Server: "127.0.0.1", Port: r.smtp.Port(), Security: mailbox.None, UserName: "helpdesk", Password: "secret",
		})
		if err != nil {
			r.Fatal(err)
		}
		for _, m := range mails {
			subject, body, err := template.Compose(m.Kind, m.Language, m.Template, m.Data)
			if err != nil {
				r.Fatal(err)
			}
			err = session.Send(r.Context(), smtp.Message{
				MessageID: m.MessageID, From: smtp.Address{Address: m.TeamAddress}, To: smtp.Address{Name: m.To.Name, Address: m.To.Addr},
				Subject: subject, Text: body, InReplyTo: m.InReplyTo, References: m.References, Date: m.QueuedAt, AutoSubmitted: smtp.AutoReplied,
			})
			if err != nil {
				r.Fatal(err)
			}
			if err := r.store.MailSent(r.Context(), m.ID); err != nil {
				r.Fatal(err)
			}
		}
		session.Close(r.Context())
	}
}

// mostRounds is how often the robots and the service desk may answer each other until the test takes it for a loop.
const mostRounds = 300

// play lets the daemon poll and the robots answer until nobody says anything more.
func (r *robots) play() {
	r.Helper()
	for range mostRounds {
		if report := r.poll(); report.Err != nil || report.Failed > 0 {
			r.Fatalf("poll: %+v", report)
		}
		r.idle()
		before := len(r.smtp.Messages())
		r.send()
		mails := r.smtp.Messages()[r.answered():]
		if len(mails) == 0 && len(r.smtp.Messages()) == before {
			return
		}
		for _, mail := range mails {
			got := processor.Parse(bytes.NewReader(mail.Data), int64(len(mail.Data)))
			r.got[mail.To]++
			r.sent++
			r.add(r.answer(r.sent, got))
		}
	}
	r.Fatalf("after %d rounds the robots still get mail: %v", mostRounds, r.got)
}

// answered returns how many mails the robots have answered.
func (r *robots) answered() (n int) {
	for _, count := range r.got {
		n += count
	}
	return n
}

// unthreaded answers a mail with a new subject, without a reference to it.
func unthreaded(n int, got *processor.Message) string {
	return fmt.Sprintf("From: %s\nTo: helpdesk@desk.example\nSubject: I am away (%d)\nMessage-ID: <away-%d@robot.example>\n"+
		"Date: %s\n\nI read your mail when I am back.\n", got.To[0].Addr, n, n, time.Now().Format(time.RFC1123Z))
}

// threaded answers a mail as most programs do, with its subject and its Message-ID.
func threaded(n int, got *processor.Message) string {
	return strings.Replace(unthreaded(n, got), fmt.Sprintf("Subject: I am away (%d)\n", n),
		"Subject: Re: "+got.Subject+"\nIn-Reply-To: <"+got.MessageID+">\n", 1)
}

// TestRobotsThatAnswerEachOtherThroughUsStop plays robots that answer every mail from the service desk.
func TestRobotsThatAnswerEachOtherThroughUsStop(t *testing.T) {
	t.Parallel()
	const maxReplies, maxRequests = 5, 12
	acknowledging := func(r *processor.Rules) { r.AcknowledgeNewRequests = true }
	denying := func(r *processor.Rules) { r.CreateNewRequests = false }
	answering := func(r *processor.Rules) { r.AnswerClosedFollowUp = true }
	monitoring := func(r *processor.Rules) { r.Processor = processor.Monitoring }
	tests := []struct {
		name     string
		rules    func(r *processor.Rules)
		robots   int
		answer   func(n int, got *processor.Message) string
		prepare  string // SQL after the first message of the robots
		mails    int    // that each robot gets
		requests int
		loops    int // problems of that kind
	}{
		{"acknowledgements, answered with new mail", acknowledging, 1, unthreaded, "", maxReplies, maxReplies + 1, 0},
		{"acknowledgements to two robots", acknowledging, 2, unthreaded, "", maxReplies, 2 * (maxReplies + 1), 0},
		{"acknowledgements, answered in their thread", acknowledging, 1, threaded, "", 1, 1, 0},
		{"denied requests", denying, 1, unthreaded, "", maxReplies, 0, 0},
		{"denied requests, answered in their thread", denying, 1, threaded, "", maxReplies, 0, 0},
		{
			"follow-ups to a closed request, answered in their thread", answering, 1, threaded,
			`UPDATE request SET state = 'closed'`, maxReplies, 2, 0, // the other one is from somebody else
		},
		{
			"notifications of events, answered with new mail that opens an event", monitoring, 1, unthreaded,
			`INSERT INTO subscription SELECT u.id, g.id FROM user_account AS u, support_group AS g WHERE u.logon LIKE 'robot%'`, 0, 0, 1,
		},
		{
			"notifications of events to two robots, who get the events of each other", monitoring, 2, unthreaded,
			`INSERT INTO subscription SELECT u.id, g.id FROM user_account AS u, support_group AS g WHERE u.logon LIKE 'robot%'`, 0, 0, 2,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rules := endUserRules()
			rules.Replies, rules.MaxReplies = true, maxReplies
			rules.MaxNewRequests = processor.Limit{Number: maxRequests, Within: 10 * time.Minute}
			test.rules(&rules)
			r := newRobots(t, rules, test.answer)
			for i := range test.robots {
				r.exec(fmt.Sprintf(`INSERT INTO user_account (logon, name) VALUES ('robot%d', 'Robot %d')`, i, i))
				r.exec(fmt.Sprintf(`INSERT INTO user_address SELECT 'robot%d@robot.example', id FROM user_account WHERE logon = 'robot%d'`, i, i))
				r.add(fmt.Sprintf("From: robot%d@robot.example\nSubject: Hello\nMessage-ID: <first-%d@robot.example>\n\nHello.\n", i, i))
			}
			if test.prepare != "" {
				r.poll()
				r.idle()
				r.exec(test.prepare)
				for i := range test.robots {
					r.add(fmt.Sprintf("From: robot%d@robot.example\nSubject: Hello again\nIn-Reply-To: <first-%d@robot.example>\n"+
						"Message-ID: <second-%d@robot.example>\n\nHello.\n", i, i, i))
				}
				r.add("From: other@robot.example\nSubject: Alert\nMessage-ID: <alert@robot.example>\n\nDown.\n")
			}
			r.play()
			r.wantWithin(test.mails, test.requests, maxRequests, test.loops)
		})
	}
}

// wantWithin fails the test unless each robot got so many mails, so many requests were opened, and so many loops were found.
// With 0 mails the limit on requests has ended the loop: no sender opened more than most.
func (r *robots) wantWithin(mails, requests, most, loops int) {
	r.Helper()
	for robot, got := range r.got {
		if mails > 0 && got != mails {
			r.Errorf("%s got %d mails, want %d", robot, got, mails)
		}
	}
	if len(r.got) == 0 {
		r.Error("no robot got any mail")
	}
	if n := r.count(`SELECT count(*) FROM request WHERE mailbox_id IS NOT NULL`); mails > 0 && n != requests {
		r.Errorf("%d requests were opened, want %d", n, requests)
	}
	if n := r.count(`SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM receipt WHERE outcome = 'opened' GROUP BY sender_address) AS s`); n > most {
		r.Errorf("one sender opened %d requests, want at most %d", n, most)
	}
	if n := r.count(`SELECT count(*) FROM problem WHERE kind = 'loop'`); n != loops {
		r.Errorf("%d loops were found, want %d", n, loops)
	}
}
