package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/pop3test"
	"mailintegration/store"
)

// ailment is a trouble that a test causes and ends.
type ailment struct {
	name  string
	begin func(*patient)
	end   func(*patient)
	kind  store.ProblemKind
	title string // the event's subject has this part
	lost  string // the event's text says this about mail
}

// patient is a cluster with one mailbox.
type patient struct {
	*cluster
	mailbox Mailbox
	drops   *pop3test.Server
	server  *plug
}

// change changes the settings of the mailbox at all daemons.
func (p *patient) change(f func(*Mailbox)) {
	p.Helper()
	m := p.mailbox
	m.Revision = fmt.Sprint(p.clock.now())
	f(&m)
	for i, d := range p.members {
		if _, err := d.Apply(Settings{Mailboxes: p.recording(i, []Mailbox{m})}); err != nil {
			p.Fatal(err)
		}
	}
}

func (p *patient) restore() { p.Helper(); p.change(func(*Mailbox) {}) }

// note tells all daemons which configuration files have mistakes.
func (p *patient) note(list ...ConfigurationProblem) {
	for i := range list {
		list[i].Since = p.clock.now()
	}
	for _, d := range p.members {
		d.NoteConfiguration(list)
	}
}

// listen lets the first daemon answer with a certificate that ends then.
func (p *patient) listen(end time.Time) {
	p.members[0].NoteListenCertificate(ListenCertificate{File: "/etc/tls.pem", Expires: end})
}

// move lets the mailbox be on another server.
func (p *patient) move(to *pop3test.Server, security mailbox.Security, trusted bool) {
	p.Helper()
	p.change(func(m *Mailbox) {
		to.SetPassword(m.Name, pop3test.DefaultPassword)
		a := &m.Account
		a.Server, a.Port, a.Security, a.Dial = to.Host(), to.Port(), security, to.Dial
		if trusted {
			a.Roots = to.Roots()
		}
	})
}

func (p *patient) add(octets string) {
	p.drops.Add(p.mailbox.Name, []byte(strings.ReplaceAll(octets, "\n", "\r\n")))
}

// refusing returns an ailment whose server answers a command like this.
func refusing(name, step, reply string, kind store.ProblemKind, title string) ailment {
	return ailment{
		name: name, kind: kind, title: title, lost: "Nothing is lost.",
		begin: func(p *patient) { p.drops.At(step).Reply(reply) },
		end:   func(p *patient) { p.drops.Heal() },
	}
}

func ailments() []ailment {
	return []ailment{
		{
			name: "a server that cannot be reached", kind: store.ProblemUnreachable, title: "cannot be reached (mailbox m00)", lost: "Nothing is lost.",
			begin: func(p *patient) { p.server.pull() }, end: func(p *patient) { p.server.put() },
		},
		refusing("a refused password", "PASS", "-ERR [AUTH] wrong password", store.ProblemLogin, "refuses the log-in (mailbox m00)"),
		refusing("a mailbox in use", "PASS", "-ERR [IN-USE] locked", store.ProblemLogin, "Mailbox m00 is held by another program"),
		refusing("too many log-ins", "PASS", "-ERR [LOGIN-DELAY] too soon", store.ProblemLoginDelay, "wants fewer log-ins (mailbox m00)"),
		refusing("a server with trouble", "STAT", "-ERR [SYS/TEMP] no disk", store.ProblemProtocol, "does not work properly (mailbox m00)"),
		{
			name: "a server without TLS", kind: store.ProblemProtocol, title: "No encrypted connection", lost: "Nothing is lost.",
			begin: func(p *patient) { p.change(func(m *Mailbox) { m.Account.Security = mailbox.StartTLS }) }, end: (*patient).restore,
		},
		{
			name: "a certificate that nobody trusts", kind: store.ProblemCertificate, title: "Certificate of mail server", lost: "Nothing is lost.",
			begin: func(p *patient) {
				p.move(pop3test.Run(p, pop3test.Options{TLS: pop3test.STLS}), mailbox.StartTLS, false)
			}, end: (*patient).restore,
		},
		{
			name: "a certificate that ends soon", kind: store.ProblemCertificate, title: "expires soon (mailbox m00)", lost: "Nothing is wrong yet",
			begin: func(p *patient) {
				soon := pop3test.Certificate{NotAfter: 10 * 24 * time.Hour}
				p.move(pop3test.Run(p, pop3test.Options{TLS: pop3test.STLS, Certificate: soon}), mailbox.StartTLS, true)
			},
			end: (*patient).restore,
		},
		{
			name: "a certificate of Listen that ends soon", kind: store.ProblemCertificate, title: "/etc/tls.pem expires soon",
			lost:  "Nothing is wrong yet",
			begin: func(p *patient) { p.listen(p.clock.now().Add(10 * 24 * time.Hour)) },
			end:   func(p *patient) { p.listen(p.clock.now().Add(90 * 24 * time.Hour)) },
		},
		{
			name: "a certificate of Listen that has ended", kind: store.ProblemCertificate, title: "/etc/tls.pem has expired",
			lost: "Mail is read and recorded", begin: func(p *patient) { p.listen(p.clock.now().Add(-time.Hour)) },
			end: func(p *patient) { p.listen(time.Time{}) },
		},
		{
			name: "no access token", kind: store.ProblemToken, title: "No access token from login.example/contoso (mailbox m00)", lost: "Nothing is lost.",
			begin: func(p *patient) {
				p.change(func(m *Mailbox) {
					m.Tenant = "login.example/contoso"
					m.Account.Token = func(context.Context) (string, error) {
						return "", fmt.Errorf("%w: AADSTS7000222", mailbox.ErrTokenRefused)
					}
				})
			},
			end: (*patient).restore,
		},
		{
			name: "settings that contradict each other", kind: store.ProblemConfiguration, title: "Mailbox m00 cannot be polled as it is configured",
			lost: "Nothing is lost.", end: (*patient).restore,
			begin: func(p *patient) { p.change(func(m *Mailbox) { m.Problem = &ProblemError{errors.New("no ClientId")} }) },
		},
		{
			name: "a name that the database does not have", kind: store.ProblemConfiguration, title: "IncidentGroup Nobody", lost: "Nothing is lost.",
			begin: func(p *patient) { p.change(func(m *Mailbox) { m.Rules.Names.Group = "Nobody" }) }, end: (*patient).restore,
		},
		{
			name: "a mistake in a mailbox file", kind: store.ProblemConfiguration, title: "Mistake in the configuration file /etc/m00.xml (mailbox m00)",
			lost: "Mail is read as before", end: func(p *patient) { p.note() },
			begin: func(p *patient) {
				p.note(ConfigurationProblem{File: "/etc/m00.xml", Mailbox: "m00", Mistakes: []string{"/etc/m00.xml:3:1: Port: many"}, Polled: true, XML: []byte("<x/>")})
			},
		},
		{
			name: "a mistake in the service file", kind: store.ProblemConfiguration, title: "Mistake in the service file /etc/service.xml",
			lost: "Mail is read as before", end: func(p *patient) { p.note() },
			begin: func(p *patient) {
				p.note(ConfigurationProblem{File: "/etc/service.xml", Mistakes: []string{"line 3"}, Polled: true})
			},
		},
		{
			name: "an attachment directory that is away", kind: store.ProblemAttachmentDirectory, title: "Attachment directory", lost: "Nothing is lost.",
			begin: func(p *patient) {
				rename(p, p.attachments, p.attachments+".away")
				p.add("From: ann@acme.example\nSubject: a file\nMIME-Version: 1.0\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\nx\n")
			},
			end: func(p *patient) { rename(p, p.attachments+".away", p.attachments) },
		},
		{
			name: "a disk that cannot be written to", kind: store.ProblemDisk, title: "Disk full or not writable on ", lost: "Nothing is lost.",
			begin: func(p *patient) {
				p.change(func(m *Mailbox) {
					m.Account.SpoolDirectory, m.Account.SpoolMemory = filepath.Join(p.attachments, "missing"), 2000
				})
				p.add("From: ann@acme.example\nSubject: long\n\n" + strings.Repeat("x\n", 200_000))
			},
			end: (*patient).restore,
		},
		{
			name: "a database that refuses mail", kind: store.ProblemDatabase, title: "The database refuses to record mail", lost: "Nothing is lost.",
			begin: func(p *patient) {
				p.exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
					$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
					CREATE TRIGGER refuse BEFORE INSERT ON receipt FOR EACH STATEMENT EXECUTE FUNCTION refuse()`)
				p.add(shortMail(1))
			},
			end: func(p *patient) { p.exec(`DROP TRIGGER refuse ON receipt`) },
		},
		{
			name: "a clock that is wrong", kind: store.ProblemClock, title: "The clock of ", lost: "Mail is recorded as always.",
			begin: func(p *patient) { p.exec(`UPDATE clock.ahead SET by = by - interval '90 s'`) },
			end:   func(p *patient) { p.exec(`UPDATE clock.ahead SET by = by + interval '90 s'`) },
		},
		{
			name: "a message that the server does not send", kind: store.ProblemMessage, title: "Messages in mailbox m00 cannot be recorded",
			lost: "Nothing is lost.", end: func(p *patient) { p.drops.Heal() },
			begin: func(p *patient) {
				p.add(shortMail(1))
				p.drops.At("RETR 1").Reply("-ERR not this one")
			},
		},
		{
			name: "a bug", kind: store.ProblemProgram, title: "Unexpected error with mailbox m00", lost: "Nothing is lost",
			begin: func(p *patient) {
				p.change(func(m *Mailbox) {
					m.Account.Dial = func(context.Context, string, string) (net.Conn, error) { panic("a bug of the test") }
				})
			},
			end: (*patient).restore,
		},
	}
}

func rename(p *patient, from, to string) {
	p.Helper()
	if err := os.Rename(from, to); err != nil {
		p.Fatal(err)
	}
}

func TestEachKindOfTroubleOpensOneEventThatClosesByItself(t *testing.T) {
	t.Parallel()
	for _, a := range ailments() {
		for _, daemons := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d daemons", a.name, daemons), func(t *testing.T) {
				t.Parallel()
				c, server := newReporting(t, daemons, 1)
				p := &patient{cluster: c, mailbox: c.members[0].options().Mailboxes[0], drops: c.maildrops, server: server}
				p.mailbox.Account.Dial = server.between(c.maildrops.Dial)
				a.begin(p)
				p.awaitEvent(processing(false))
				p.wantEvent(a)
				p.passInSteps(5*time.Minute, longStep)
				a.end(p)
				p.awaitEvent(processing(true))
				p.wantEvent(a)
				if n := p.count(`SELECT count(*) FROM problem WHERE closed_at IS NULL`); n != 0 {
					t.Errorf("%d problems are open", n)
				}
			})
		}
	}
}

// processing returns the condition that the last event is processed, or is not.
func processing(processed bool) func(store.RequestDetail) bool {
	return func(e store.RequestDetail) bool { return (e.ProcessedAt != nil) == processed }
}

// awaitEvent lets the time pass until the last event fulfils a condition, at most for half an hour.
func (p *patient) awaitEvent(is func(store.RequestDetail) bool) {
	p.Helper()
	for range 30 {
		p.passInSteps(time.Minute, longStep)
		if all := p.eventDetails(); len(all) > 0 && is(all[len(all)-1]) {
			return
		}
	}
	p.Fatalf("after half an hour, the events are %q", p.events())
}

// wantEvent fails the test unless the only event is about an ailment and tells everything about it.
func (p *patient) wantEvent(a ailment) {
	p.Helper()
	all := p.eventDetails()
	if len(all) != 1 || !strings.Contains(all[0].Subject, a.title) {
		p.Fatalf("the events are %q, want one with %q", p.events(), a.title)
	}
	for _, part := range []string{"What happened:\n", "Since when:\nSince 20", "What it means for mail:\n" + a.lost, "What to do:\n1. "} {
		if !strings.Contains(all[0].Body, part) {
			p.Errorf("the event does not say %q:\n%s", part, all[0].Body)
		}
	}
	if kind := p.text(`SELECT kind FROM problem`); kind != string(a.kind) {
		p.Errorf("the problem is of the kind %s, want %s", kind, a.kind)
	}
	if os.Getenv("SHOW_EVENTS") != "" {
		p.Logf("%s\n\n%s", all[0].Subject, all[0].Body)
		for _, act := range all[0].Activities {
			p.Logf("ACTIVITY\n%s", act.Body)
		}
	}
}

// text reads a single text.
func (p *patient) text(query string) (text string) {
	p.Helper()
	if err := p.rows.QueryRow(p.Context(), query).Scan(&text); err != nil {
		p.Fatal(err)
	}
	return text
}
