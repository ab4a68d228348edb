package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
	"mailintegration/processor"
	"mailintegration/store"
)

// undelivered is a mail that is given up, with all that its event says.
type undelivered struct {
	mail    store.OutgoingMail
	message smtp.Message
	server  string // host:port
	err     error
	now     time.Time
}

// key returns the problem that a mail belongs to: that of its recipient, unless no mail can be sent through the server.
func (u undelivered) key() store.ProblemKey {
	switch {
	case u.isUnsent():
		return store.ProblemKey{Kind: store.ProblemReply, Source: unsentSource(u.mail)}
	case u.isOfServer():
		return store.ProblemKey{Kind: store.ProblemReply, Source: strings.ToLower(u.server)}
	}
	return store.ProblemKey{Kind: store.ProblemReply, Source: strings.ToLower(u.mail.To.Addr)}
}

// isOfServer reports whether the mail was given up because nothing can be sent.
func (u undelivered) isOfServer() bool { return !smtp.IsOfMessage(u.err) }

// isUnsent reports whether the mail was given up because nobody has an account to send it with.
func (u undelivered) isUnsent() bool { return errors.Is(u.err, errNobodySends) }

// giveUp gives a mail up, and tells the service desk so in the same transaction: as an event, or as an activity on the one
// that is open for the same recipient or server. If that fails, the mail is due again when its claim ends. Without an
// account, nobody sends the mail.
func (s *sender) giveUp(ctx context.Context, a *SendingAccount, m store.OutgoingMail, message smtp.Message, err error) {
	u := undelivered{m, message, "none", err, s.now()}
	if a != nil {
		u.server = a.HostPort()
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTime)
	defer cancel()
	event, failed := s.tell(bounded, u)
	switch {
	case errors.Is(failed, store.ErrUnknown): // another daemon has sent it, or given it up
	case failed != nil:
		s.log.mailNotMarked(m, failed)
	default:
		s.log.mailGivenUp(m, event, err)
		if a != nil {
			s.forgetTrouble(bounded, a)
		}
	}
}

// tell writes that a mail is given up, and returns the number of the event about it.
func (s *sender) tell(ctx context.Context, u undelivered) (event int64, err error) {
	refs, err := s.eventReferences(ctx, u.mail)
	if err != nil {
		return 0, err
	}
	err = s.store().Write(ctx, refs.Login, func(j *store.Journal) error {
		if err := j.GiveUpMail(ctx, u.mail.ID, u.err.Error()); err != nil {
			return err
		}
		p, err := j.FindProblem(ctx, u.key())
		if err == nil && p == nil {
			p, err = j.OpenProblem(ctx, u.key(), u.event(refs))
		} else if err == nil {
			again := u.activity()
			err = j.SeeProblem(ctx, p, &again)
		}
		if err == nil {
			event = p.Event
		}
		return err
	})
	if err == nil {
		s.remember(u.key().Source)
	}
	return event, err
}

// eventReferences returns what an event about a mail names.
func (s *sender) eventReferences(ctx context.Context, m store.OutgoingMail) (store.EventReferences, error) {
	names := append([]processor.Names{{Team: m.Team}}, s.eventNames()...)
	return s.store().EventReferences(ctx, m.Mailbox, names...)
}

// eventNames returns names of the account that records events, and of teams.
func (s *sender) eventNames() []processor.Names {
	const most = 10
	opts := s.daemon.options()
	names := slices.Clone(opts.EventNames)
	for i := range opts.Mailboxes[:min(len(opts.Mailboxes), most)] {
		n := opts.Mailboxes[i].Rules.Names
		names = append(names, processor.Names{Team: n.Team, Login: n.Login})
	}
	return names
}

// reason returns the reason for the history.
func (u undelivered) reason(code processor.ReasonCode) processor.Reason {
	return processor.NewReason(code, u.key().String())
}

// event returns the event about the first mail that is given up.
func (u undelivered) event(refs store.EventReferences) store.NewRequest {
	subject := "Mail not delivered: " + u.mail.To.Addr
	switch {
	case u.isUnsent():
		subject = "Mail not sent, because nobody has an account for it: " + mailboxWords(u.mail)
	case u.isOfServer():
		subject = fmt.Sprintf("Mail not sent for %d days: %s", days(u.now.Sub(u.mail.QueuedAt)), u.server)
	}
	return refs.Event(u.reason(processor.ReasonTrouble), subject, u.text()+"\nWhat to do:\n"+u.remedy()+u.quoted())
}

// activity returns the activity about a further mail.
func (u undelivered) activity() store.NewActivity {
	return store.NewActivity{
		Reason: u.reason(processor.ReasonTroubleLasts), Subject: "Another mail was not delivered: " + u.message.Subject,
		Body: u.text() + "\nWhat to do is in the text of this event.\n" + u.quoted(),
	}
}

// text says which mail was not delivered, why, and what that means.
func (u undelivered) text() string {
	var b strings.Builder
	if u.isOfServer() {
		b.WriteString("A mail to a user could not be sent for so long that MailIntegration has given it up. The recipient has not got it.\n\n")
	} else {
		b.WriteString("A mail to a user was refused, and MailIntegration does not send it again. The recipient has not got it.\n\n")
	}
	about := "no request: none was opened for the message that it answers"
	if u.mail.Request != 0 {
		about = fmt.Sprintf("request %d", u.mail.Request)
	}
	writeFacts(&b, []fact{
		{"Recipient", addressWords(u.mail.To)},
		{"Subject", u.message.Subject},
		{"Kind", kindWords(u.mail.Kind)},
		{"About", about},
		{"Mailbox", cmp.Or(u.mail.Mailbox, "none: it is a notification of the service")},
		{"Mail server", u.server},
		{"Sender", u.message.From.Address},
		{"Waiting since", u.mail.QueuedAt.UTC().Format(time.RFC1123)},
		{"Attempts", fmt.Sprint(u.mail.Attempts)},
		{"Why", u.err.Error()},
	})
	b.WriteString("\nNothing that came in is lost: messages and requests are recorded as usual. Only this mail did not reach its recipient.\n")
	return b.String()
}

// kindWords names a kind of mail.
func kindWords(kind processor.ReplyKind) string {
	switch kind {
	case processor.ReplyDenied:
		return "answer that no new request is opened"
	case processor.ReplyAcknowledgement:
		return "acknowledgement of a new request"
	case processor.ReplyClosed:
		return "answer to a message about a closed request"
	case processor.ReplyNewEvent:
		return "notification of a new event"
	}
	return string(kind)
}

// remedy says what to do.
func (u undelivered) remedy() string {
	hint := mailbox.Hint(u.err)
	if hint != "" {
		hint = "The cause: " + hint + ".\n"
	}
	if u.isUnsent() {
		return "1. If the mail of this mailbox is still to be sent, write <Smtp> in its file or in the service file, or add the mailbox to the " +
			"configuration again. If the mailbox was removed on purpose, nothing is to be corrected.\n" +
			"2. Run mailintegration check: it logs in to the mail server, says whether the address may be sent from, and sends nothing.\n" +
			"3. Tell the recipient what the mail says, below, if it still matters.\n" +
			"4. Mark this event as processed. Each further mail that is given up becomes an activity here; when mail of the mailbox is sent " +
			"again, MailIntegration marks the event as processed by itself.\n"
	}
	if u.isOfServer() {
		return "1. " + cmp.Or(hint, "Read the line \"Why\" and correct <Smtp> in the configuration, or the mail server.\n") +
			"2. Run mailintegration check: it logs in to the mail server, says whether the address may be sent from, and sends nothing.\n" +
			"3. Tell the recipient what the mail says, below, if it still matters. Each further mail that is given up becomes an activity here.\n" +
			"MailIntegration marks this event as processed by itself when mail is sent through this server again.\n"
	}
	return "1. " + cmp.Or(hint, "Read in the line \"Why\" what the mail server has against this mail.\n") +
		"2. If the address is wrong, correct it: mailintegration user list shows the addresses, and a CSV file for mailintegration user import changes them.\n" +
		"3. Tell the person what the mail says, below, in another way if it matters.\n" +
		"4. Mark this event as processed. Each further mail to this address that is refused becomes an activity here; when one is delivered " +
		"again, MailIntegration marks the event as processed by itself.\n"
}

// quoted returns the mail's own text.
func (u undelivered) quoted() string {
	return "\nThe mail says:\n\n" + u.message.Text
}

// days returns a duration in whole days.
func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// remember notes that a problem about undelivered mail may be open.
func (s *sender) remember(source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told != nil {
		s.told[source] = true
	}
}

// overcome closes the problem about undelivered mail to an address, or through a server: mail has just been sent there. The
// open problems are read before the first mail, and again now and then, so most mails cost nothing while there are none.
func (s *sender) overcome(ctx context.Context, source string) {
	source = strings.ToLower(source)
	isOpen, err := s.mayBeOpen(ctx, source)
	if err != nil || !isOpen {
		return // the next mail tries again
	}
	refs, err := s.store().EventReferences(ctx, "", s.eventNames()...)
	if err != nil {
		return
	}
	key := store.ProblemKey{Kind: store.ProblemReply, Source: source}
	err = s.store().Write(ctx, refs.Login, func(j *store.Journal) error {
		p, err := j.FindProblem(ctx, key)
		if err != nil || p == nil {
			return err
		}
		why := processor.NewReason(processor.ReasonTroubleOver, key.String())
		return j.CloseProblem(ctx, p, why, &store.NewActivity{Reason: why, Body: "Mail is delivered again: " + source + ". The mails above were not sent again.\n"})
	})
	if err != nil {
		s.log.reportNotClosed(key, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.told, source)
}

// mayBeOpen reports whether a problem about undelivered mail may be open for a source.
func (s *sender) mayBeOpen(ctx context.Context, source string) (bool, error) {
	s.mu.Lock()
	told := s.told
	isOpen := told[source]
	isKnown := told != nil && s.now().Sub(s.toldAt) < toldTime
	s.mu.Unlock()
	if isKnown {
		return isOpen, nil
	}
	problems, err := s.store().Problems(ctx, true)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told, s.toldAt = map[string]bool{}, s.now()
	for _, p := range problems {
		if p.Kind == store.ProblemReply {
			s.told[p.Source] = true
		}
	}
	return s.told[source], nil
}
