package processor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// answering returns a policy that answers whatever it may.
func answering(change func(*Policy)) Policy {
	p := Policy{
		Rules: Rules{
			Processor: EndUserIncident, Replies: true, AcknowledgeNewRequests: true, AnswerClosedFollowUp: true, MaxReplies: 5,
			CreateNewRequests: true, ClosedFollowUp: AddActivityOnly, UnknownFollowUp: AcceptAndFlag, OwnAddresses: []string{"Other@desk.example"},
		},
		References: References{Team: Ref{1, "IT"}, Login: User{ID: 1, Name: "Daemon"}, TeamAddress: "desk@example.com"},
	}
	if change != nil {
		change(&p)
	}
	return p
}

var answeringDesk = desk{
	Users: []deskUser{{User: User{ID: 10, Name: "Ann Lee", Language: "fr"}, Addresses: []string{"ann@example.com"}}},
	Requests: []deskRequest{
		{Request: Request{Number: 1, Kind: Incident, State: StateOpen}}, {Request: Request{Number: 2, Kind: Incident, State: StateResolved}},
		{Request: Request{Number: 3, Kind: Incident, State: StateClosed, Participants: []int64{10}}}, {Request: Request{Number: 4, Kind: Event, State: StateProcessed}},
	},
}

// replyOf returns a decision's reply, as "kind to address" or as "none: why", and "" if none is due.
func replyOf(d Decision) string {
	reply, none := ReplyOf(d)
	switch {
	case reply != nil && none == "":
		return string(reply.Kind) + " to " + reply.To.Addr
	case reply == nil && none != "":
		return "none: " + none
	case reply == nil:
		return ""
	}
	return "both"
}

func TestWhoIsAnswered(t *testing.T) {
	t.Parallel()
	mail := func(change func(*Message)) *Message {
		path := "eve@example.net"
		m := &Message{From: Address{"Eve", "eve@example.net"}, Subject: "Help", Text: "x", ReplyText: "x", ReturnPath: &path}
		if change != nil {
			change(m)
		}
		return m
	}
	from := func(addr string) *Message { return mail(func(m *Message) { m.From.Addr = addr }) }
	about := func(subject string) *Message { return mail(func(m *Message) { m.Subject = subject }) }
	field := func(name, value string) *Message {
		return mail(func(m *Message) { m.Header = Header{{Name: name, Value: value}} })
	}
	kind := func(a Automatic, subject string) *Message {
		return mail(func(m *Message) { m.Automatic, m.Subject = a, subject })
	}
	opensNone := func(p *Policy) { p.CreateNewRequests = false }
	for _, tc := range []struct {
		name   string
		change func(*Policy)
		mail   *Message
		want   string
	}{
		{"a new request", nil, mail(nil), "acknowledgement to eve@example.net"},
		{"a new request where nobody asked for that", func(p *Policy) { p.AcknowledgeNewRequests = false }, mail(nil), ""},
		{"a refusal", opensNone, mail(nil), "denied to eve@example.net"},
		{"an activity on an open request", nil, about("[Incident] 1"), ""},
		{"an activity on a resolved request", nil, about("[Incident] 2"), ""},
		{"an activity on a closed request", nil, about("[Incident] 3"), "closed to eve@example.net"},
		{"an activity on a processed event", nil, about("[Event] 4"), "closed to eve@example.net"},
		{"an activity on a closed request where nobody wants that", func(p *Policy) { p.AnswerClosedFollowUp = false }, about("[Incident] 3"), ""},
		{"a closed request that is reopened", func(p *Policy) { p.ClosedFollowUp, p.UnknownFollowUp = Reopen, Accept }, about("[Incident] 3"), ""},
		{"a linked request", func(p *Policy) { p.ClosedFollowUp = NewRequest }, about("[Incident] 3"), "acknowledgement to eve@example.net"},
		{"a refused stranger", func(p *Policy) { p.CreateNewRequests, p.UnknownFollowUp = false, NewRequest }, about("[Incident] 1"), "denied to eve@example.net"},
		{"a number that no request has", opensNone, about("[Incident] 99"), "denied to eve@example.net"},
		{"mail to a monitoring mailbox", func(p *Policy) { p.Processor = Monitoring }, mail(nil), "acknowledgement to eve@example.net"},

		{"a mailbox that cannot send", func(p *Policy) { p.Replies = false }, mail(nil), "none: no Smtp is configured, so nothing can be sent"},
		{"a notice of a program", nil, kind(Notice, "x"), "none: automatic mail is never answered, and this is written by a program"},
		{"a list", nil, kind(MailingList, "x"), "none: automatic mail is never answered, and this is sent through a mailing list"},
		{"a list about a closed request", nil, kind(MailingList, "[Incident] 3"), "none: automatic mail is never answered, and this is sent through a mailing list"},
		{"an absence note", nil, kind(AutoReply, "x"), ""},
		{"an absence note about a closed request", nil, kind(AutoReply, "[Incident] 3"), ""},
		{"a bounce about a closed request", nil, kind(Bounce, "[Incident] 3"), ""},
		{"automatic mail where nothing is opened", opensNone, kind(Notice, "x"), ""},
		{"the null reverse-path", nil, mail(func(m *Message) { m.ReturnPath = new(string) }), "none: a message with the null reverse-path is never answered"},
		{"a sender who wants no automatic answer", nil, field("X-Auto-Response-Suppress", "DR, OOF, autoreply"), "none: the sender wants no automatic answer (X-Auto-Response-Suppress)"},
		{"a sender who wants no answer at all", nil, field("X-Auto-Response-Suppress", "All"), "none: the sender wants no automatic answer (X-Auto-Response-Suppress)"},
		{"a sender who wants no absence notes", nil, field("X-Auto-Response-Suppress", "OOF, DR, RN"), "acknowledgement to eve@example.net"},
		{"no address", nil, mail(func(m *Message) { m.From, m.ReturnPath = Address{Name: "Eve"}, nil }), "none: the message has no address to answer to"},
		{"no mail address, but a reverse-path", nil, from("eve"), "acknowledgement to eve@example.net"},
		{"no mail address", nil, mail(func(m *Message) { m.From.Addr, m.ReturnPath = "eve", nil }), "none: no mail can be sent to eve"},
		{"an address with a line break", nil, mail(func(m *Message) { m.From.Addr, m.ReturnPath = "eve@example.net\r\nRCPT TO:<all@x>", nil }), "none: no mail can be sent to eve@example.net\r\nRCPT TO:<all@x>"},
		{"an address at which nobody reads", nil, from("No-Reply@example.net"), "none: nobody reads mail to No-Reply@example.net"},
		{"the team's own address", nil, from("DESK@example.com"), "none: mail from DESK@example.com is never answered: it is an address of our own"},
		{"the address of another mailbox", nil, from("other@desk.example"), "none: mail from other@desk.example is never answered: it is an address of our own"},
		{"an answer that would come back to us", nil, mail(func(m *Message) { m.ReplyTo = []Address{{"", "desk@example.com"}} }), "none: mail from desk@example.com is never answered: it is an address of our own"},
		{"our own mail with another Reply-To", nil, mail(func(m *Message) { m.From.Addr, m.ReplyTo = "desk@example.com", []Address{{"", "eve@example.net"}} }), "none: mail from desk@example.com is never answered: it is an address of our own"},
		{"sent by us in the name of another", nil, mail(func(m *Message) { m.Sender.Addr = "desk@example.com" }), "none: mail from desk@example.com is never answered: it is an address of our own"},
		{"Reply-To", nil, mail(func(m *Message) { m.ReplyTo = []Address{{Name: "nobody"}, {"", "eve@home.example"}, {"", "x@y"}} }), "acknowledgement to eve@home.example"},
		{"Sender in place of From", nil, mail(func(m *Message) { m.From, m.Sender = Address{}, Address{"", "eve@example.net"} }), "acknowledgement to eve@example.net"},
		{"an address that got its answers", func(p *Policy) { p.MaxReplies = 0 }, mail(nil), "none: eve@example.net has got 0 answers of the kind acknowledgement within a day, as many as MaxReplies allows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := answering(tc.change)
			d := p.Decide(tc.mail, asked{t, p.Keys(tc.mail), answeringDesk}, time.Now())
			if got := replyOf(d); got != tc.want {
				t.Errorf("reply %q, want %q (decision %T, %s)", got, tc.want, d, d.Why().Detail())
			}
		})
	}
}

func TestAFilterThatIgnoresAMessageLeavesItUnanswered(t *testing.T) {
	t.Parallel()
	p := answering(func(p *Policy) { p.Filters = []Filter{{Name: "all", Ignore: true}} })
	if d := p.Decide(&Message{From: Address{"", "eve@example.net"}}, answeringDesk, time.Now()); replyOf(d) != "" {
		t.Errorf("%+v", d)
	}
}

// A mail that only a limit makes an activity is perhaps part of a loop.
func TestAMessageBeyondMaxNewRequestsIsNotAnswered(t *testing.T) {
	t.Parallel()
	p := answering(func(p *Policy) { p.MaxNewRequests = Limit{1, time.Hour} })
	d := p.Decide(&Message{From: Address{"", "eve@example.net"}}, openedBefore{answeringDesk}, time.Now())
	if add, ok := d.(AddActivity); !ok || add.Reason.Code != ReasonLoop || replyOf(d) != "" {
		t.Errorf("%+v", d)
	}
}

// openedBefore is a directory whose senders have all opened request 3, which is closed.
type openedBefore struct{ desk }

func (o openedBefore) OpenedBy(SenderKey) (int, Request, bool) {
	r, ok := o.Request(3)
	return 1, r, ok
}

func TestTheReasonOfTheFuseReachesTheHistory(t *testing.T) {
	t.Parallel()
	p := answering(nil)
	d := answeringDesk
	d.Mail = []deskMail{{"eve@example.net", ReplyAcknowledgement, 5}}
	got := p.Decide(&Message{From: Address{"", "eve@example.net"}}, d, time.Now()).Why().Detail()
	if !strings.Contains(got, "not answered: eve@example.net has got 5 answers") {
		t.Error(got)
	}
	got = p.Decide(&Message{From: Address{"", "eve@example.net"}, Subject: "[Incident] 3"}, d, time.Now()).Why().Detail()
	if strings.Contains(got, "not answered") {
		t.Errorf("another kind is counted together with it: %s", got)
	}
}

func TestAnAnswerRepeatsOnlyTheBareSubject(t *testing.T) {
	t.Parallel()
	p := answering(nil)
	for subject, want := range map[string]string{
		"Printer": "Printer", "RE: Printer": "Printer", "[EXTERNAL] TR : Re[2]: Printer": "Printer", "Re: [Incident] IT #3 - Printer": "Printer",
		"[Incident] 3": "", "[Incident] 3 - [Incident] 12: x": "x", "": "", "3 printers": "3 printers",
	} {
		if got := p.bareSubject(subject); got != want {
			t.Errorf("%q: %q, want %q", subject, got, want)
		}
	}
}

func TestOnlyANameThatWeKnowIsRepeated(t *testing.T) {
	t.Parallel()
	p := answering(nil)
	for addr, want := range map[string]string{"ann@example.com": "Ann Lee", "eve@example.net": ""} {
		m := &Message{From: Address{"Cheap pills at http://pills.example", addr}, ReplyTo: []Address{{"Victim", "victim@example.org"}}}
		if to := p.Decide(m, answeringDesk, time.Now()).(OpenRequest).Reply.To; to != (Address{want, "victim@example.org"}) {
			t.Errorf("%s is answered to %v", addr, to)
		}
	}
}

func TestALookUpIsNamedOnlyForMailThatMayBeAnswered(t *testing.T) {
	t.Parallel()
	m := &Message{From: Address{"", "Eve@Example.net"}}
	if got := fmt.Sprint(answering(nil).Keys(m).MailTo); got != "[eve@example.net]" {
		t.Errorf("keys %s", got)
	}
	for name, p := range map[string]Policy{
		"without Smtp":       answering(func(p *Policy) { p.Replies = false }),
		"no answer to give":  answering(func(p *Policy) { p.AcknowledgeNewRequests, p.AnswerClosedFollowUp = false, false }),
		"an address of ours": answering(func(p *Policy) { p.TeamAddress = "eve@example.net" }),
	} {
		if keys := p.Keys(m); len(keys.MailTo) != 0 {
			t.Errorf("%s: %v", name, keys.MailTo)
		}
	}
}

func TestTheLanguageOfAMessageIsToldByItsText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, header, want string }{
		{"French", "Bonjour, je n'arrive pas à ouvrir une session depuis ce matin. Merci de votre aide.", "", "fr"},
		{"English", "Hello, I cannot log in since this morning. Could you please help?", "", "en"},
		{"a French greeting", "Merci.", "", "fr"},
		{"an English greeting", "Thanks, Bob", "", "en"},
		{"French with typographic apostrophes", "L’imprimante du deuxième étage est cassée et n’imprime pas", "", "fr"},
		{"English with a French name", "The printer in the office of the Société Générale is not working, please call Mr. Dupont", "", "en"},
		{"a word in both", "Message", "", ""},
		{"nothing", "", "", ""},
		{"nothing, but the header", "", "fr-CA", "fr"},
		{"the text wins over the header", "Bonjour, mon portable ne démarre pas, merci", "en-US", "fr"},
		{"two languages in the text", "Bonjour, merci pour votre aide. Hello, thank you for your help.", "", ""},
		{"two languages in the header", "x", "en, fr", ""},
		{"two regions in the header", "x", "fr-CA, fr-FR", "fr"},
		{"German", "Guten Tag, der Drucker im zweiten Stock ist defekt. Können Sie bitte kommen? Vielen Dank", "", ""},
		{"German that its program calls English", "Guten Tag, der Drucker im zweiten Stock ist defekt. Können Sie bitte kommen? Vielen Dank", "en-US", ""},
		{"German that its program calls German", "Guten Tag, der Drucker im zweiten Stock ist defekt. Können Sie bitte kommen? Vielen Dank", "de-CH", "de"},
		{"Spanish", "Hola, la impresora del segundo piso no funciona. Por favor, ¿pueden ayudarme? Gracias y saludos", "", ""},
		{"Italian", "Buongiorno, la stampante del secondo piano non funziona. Potete aiutarmi per favore? Grazie e cordiali saluti", "", ""},
		{"Dutch", "Hallo, de printer op de tweede verdieping is kapot. Kunt u alstublieft helpen? Met vriendelijke groet", "", ""},
		{"Portuguese", "Olá, a impressora do segundo andar não funciona. Podem ajudar-me, por favor? Obrigado", "", ""},
		{"Danish", "Hej, printeren på anden sal virker ikke, og der er et problem med mit login. Tak for hjælpen", "", ""},
		{"Japanese", "二階のプリンターが動きません。", "", ""},
		{"a log", strings.Repeat("2026-11-26 09:00:00 ERROR srv7 disk full\n", 50), "", ""},
		{"no language", "x", "english please", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := &Message{ReplyText: tc.text}
			if tc.header != "" {
				m.Header = append(m.Header, Field{Name: "Content-Language", Value: tc.header})
			}
			if got := m.Language(); got != tc.want {
				t.Errorf("language %q, want %q", got, tc.want)
			}
		})
	}
}

// TestNoMessageInAnotherLanguageIsTakenForFrench reads the messages of testdata, which are in English but for a few.
func TestNoMessageInAnotherLanguageIsTakenForFrench(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/mail.eml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	french := map[string]bool{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m := Parse(strings.NewReader(string(raw)), int64(len(raw)))
		if m.Language() == "fr" {
			french[filepath.Base(filepath.Dir(name))] = true
		}
	}
	for _, name := range []string{"an-answer-to-a-closed-request-is-answered-in-the-language-of-the-user", "the-subject-names-a-request-in-french", "an-unknown-subject-is-refused-with-an-answer-in-the-language-of-the-mail"} {
		if !french[name] {
			t.Errorf("%s is not taken for French", name)
		}
		delete(french, name)
	}
	for name := range french {
		t.Errorf("%s is taken for French", name)
	}
}
