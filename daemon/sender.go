package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mailintegration/mailbox"
	"mailintegration/mailbox/smtp"
	"mailintegration/processor/template"
	"mailintegration/store"
)

const (
	// sendEvery is the time between two looks into the outbox, which cost one query; mail that this daemon has queued itself
	// does not wait for it.
	sendEvery = time.Minute
	// claimedMails is how many mails are claimed at once. A daemon that dies delays no more than these.
	claimedMails = 10
	// sendingTime is the time after which a session begins no further mail.
	sendingTime = 5 * time.Minute
	// mailSteps is how many StepTimeouts the last mail of a session may take at most: a new session, the envelope, and the
	// answer to the mail, which has ten times as long.
	mailSteps = 21
	// sendingGrace is how long a stop waits for the mail in hand: one that is cut off would be sent twice.
	sendingGrace = 10 * time.Second
	// markTime limits how long the database may take to note what became of a mail.
	markTime = 30 * time.Second

	// The first and the longest wait after a mail could not be sent, and the time after which it is given up.
	firstSendingWait = time.Minute
	lastSendingWait  = 4 * time.Hour
	sendingAttempts  = 5 * 24 * time.Hour

	// toldTime is how long the sender relies on the open problems that it has read: another daemon may open one.
	toldTime = 10 * time.Minute

	// brokenSessions is how many sessions in a row may be lost over mails before the server is to blame.
	brokenSessions = 2
)

// sender empties the outbox. It claims mails that are due and gives them to their accounts, each of which sends its mails one
// after another, in one session as far as possible. No account waits for another.
type sender struct {
	daemon *Daemon
	log    events
	soon   chan struct{} // has an element when the next look must not wait

	mu       sync.Mutex
	states   map[accountKey]*sendingState
	unmarked map[int64]bool  // mails that were sent, which the database does not know yet
	told     map[string]bool // sources of reply problems that may be open; nil: not read yet
	toldAt   time.Time       // when they were read
	failure  string          // the error of the last look, "" when it went well

	unsentAt time.Time // when mail that nobody sends was last looked for
}

// newSender returns the sender of a daemon.
func newSender(d *Daemon) *sender {
	return &sender{
		daemon: d, log: events{d.options().Logger.Named("sender")}, soon: make(chan struct{}, 1),
		states: map[accountKey]*sendingState{}, unmarked: map[int64]bool{},
	}
}

// wake makes the next look into the outbox come at once.
func (s *sender) wake() {
	select {
	case s.soon <- struct{}{}:
	default: // one is coming
	}
}

// run sends mail until ctx is cancelled, and then finishes the mails in hand.
func (s *sender) run(ctx context.Context) {
	var sending sync.WaitGroup
	defer sending.Wait()
	defer s.daemon.pulses.outbox.rest()
	for ctx.Err() == nil {
		s.giveUpUnsent(ctx)
		s.look(ctx, &sending)
		s.wait(ctx)
	}
}

// wait waits until the next look is due. Without an account, only mail that nobody sends is looked for, unless Apply brings
// one.
func (s *sender) wait(ctx context.Context) {
	every := unsentEvery
	if len(s.daemon.options().routes()) > 0 {
		every = sendEvery
	}
	s.daemon.pulses.outbox.beat(s.now(), every+outboxPromise)
	fires, stop := s.daemon.timer(every)
	defer stop()
	select {
	case <-fires:
	case <-s.soon:
	case <-ctx.Done():
	}
}

// once sends the mail that is due, and waits for it.
func (s *sender) once(ctx context.Context) {
	for ctx.Err() == nil {
		var sending sync.WaitGroup
		s.look(ctx, &sending)
		sending.Wait()
		select {
		case <-s.soon:
		default:
			return
		}
	}
}

// look claims mails that are due, and has the accounts send them. An account that is sending, or that waits after a failure,
// gets none. Without an account, look asks the database nothing.
func (s *sender) look(ctx context.Context, sending *sync.WaitGroup) {
	if s.daemon.isPaused() || !s.daemon.isOpen() {
		return
	}
	routes := s.idleRoutes()
	if len(routes) == 0 {
		return
	}
	mails, err := s.claim(ctx, routes)
	if ctx.Err() == nil {
		s.noteLook(err)
	}
	if err != nil {
		return
	}
	for _, r := range routes {
		own := r.mailsOf(mails)
		if len(own) == 0 && s.maySucceed(r.account) {
			s.forgetTrouble(ctx, r.account) // another daemon may have sent the mail
		}
		if len(own) == 0 && !s.isToBeChecked(r.account) {
			continue
		}
		s.setBusy(r.account, claimTime(routes))
		sending.Go(func() {
			defer s.wakeIf(len(mails) == claimedMails)
			defer s.setIdle(r.account)
			s.guarded(ctx, r.account, own)
		})
	}
	s.wakeIf(len(mails) == claimedMails) // other accounts may have mail too
}

// wakeIf wakes the sender if there may be more to send.
func (s *sender) wakeIf(more bool) {
	if more {
		s.wake()
	}
}

// claim notes the mails that were sent and could not be marked, and claims others.
func (s *sender) claim(ctx context.Context, routes []route) ([]store.OutgoingMail, error) {
	if err := s.markSent(ctx); err != nil {
		return nil, err
	}
	return s.store().ClaimMail(ctx, mailboxesOf(routes), claimedMails, claimTime(routes))
}

// claimTime returns how long nobody else gets the mails that are claimed for accounts: longer than the last of them may
// take, so that none is sent twice.
func claimTime(routes []route) time.Duration {
	step := time.Minute // the default
	for _, r := range routes {
		step = max(step, r.account.StepTimeout)
	}
	return sendingTime + mailSteps*step
}

func (s *sender) store() *store.Store { return s.daemon.options().Store }

// now returns the time.
func (s *sender) now() time.Time { return s.daemon.options().Now() }

// noteLook logs how a look ended, if the one before ended otherwise.
func (s *sender) noteLook(err error) {
	was := s.failure
	s.failure = ""
	if err != nil {
		s.failure = err.Error()
	}
	if err != nil && s.failure != was {
		s.log.outboxNotRead(err)
	}
}

// guarded sends the mails of an account. A panic ends this session only.
func (s *sender) guarded(ctx context.Context, a *SendingAccount, mails []store.OutgoingMail) {
	_, err := catchPanic(func() (int, error) {
		s.send(ctx, a, mails)
		return 0, nil
	})
	if err != nil {
		s.troubled(ctx, a, ofAll, "", err)
	}
}

// round is one session's work for an account.
type round struct {
	*sender
	account *SendingAccount
	session *smtp.Session
	broken  int // sessions in a row that were lost over a mail
}

// send sends mails through an account. Without a mail, it finds out whether the account that failed works again.
func (s *sender) send(ctx context.Context, a *SendingAccount, mails []store.OutgoingMail) {
	work, cancel := mailbox.WithGrace(ctx, sendingGrace)
	defer cancel()
	if len(mails) == 0 {
		s.tryAgain(work, a)
		return
	}
	r := &round{sender: s, account: a}
	defer r.close(work)
	began := s.now()
	for i, m := range mails {
		if ctx.Err() != nil || s.now().Sub(began) > sendingTime {
			s.putBack(ctx, mails[i:])
			return
		}
		if !r.one(work, m) {
			if work.Err() != nil {
				s.putBack(ctx, mails[i:])
			} else {
				s.postpone(ctx, a, mails[i:])
			}
			return
		}
	}
}

// one sends one mail and notes what became of it. It returns false if neither this mail nor another can be sent now.
func (r *round) one(work context.Context, m store.OutgoingMail) bool {
	message, err := r.try(work, m)
	var panicked *panicError
	switch {
	case err == nil:
		r.broken = 0
		r.works(work, r.account, message.From.Address)
		r.sent(work, m)
	case work.Err() != nil:
		return false
	case errors.As(err, &panicked):
		r.drop(work)
		r.troubled(work, r.account, ofMail, "", err)
		r.retryLater(work, m, message, err)
	case smtp.IsMessageFault(err):
		r.giveUp(work, r.account, m, message, err)
	case smtp.IsOfMessage(err):
		r.retryLater(work, m, message, err)
	case errors.Is(err, smtp.ErrSenderRefused), errors.Is(err, smtp.ErrNoSender):
		r.troubled(work, r.account, ofSender, message.From.Address, err) // mail from another address may well be sent
		r.retryLater(work, m, message, err)
	case r.isLost(err):
		r.session = nil
		r.troubled(work, r.account, ofMail, "", err)
		r.retryLater(work, m, message, err)
	case r.session == nil:
		r.troubled(work, r.account, ofLogin, "", err)
		return false
	default:
		r.troubled(work, r.account, ofAll, "", err)
		return false
	}
	return true
}

// try composes and sends a mail. A panic is an error of this mail.
func (r *round) try(work context.Context, m store.OutgoingMail) (message smtp.Message, err error) {
	_, err = catchPanic(func() (_ int, err error) {
		if message, err = r.compose(m); err == nil {
			err = r.deliver(work, message)
		}
		return 0, err
	})
	return message, err
}

// drop ends a session in whose middle the program has failed.
func (r *round) drop(work context.Context) {
	done, cancel := context.WithCancel(work)
	cancel()
	r.close(done)
	r.session = nil
}

// isLost reports whether a session broke over a mail that may be the reason, so that others are tried in a new session.
func (r *round) isLost(err error) bool {
	if r.session == nil || !smtp.SessionBroken(err) {
		return false
	}
	r.broken++
	return r.broken < brokenSessions
}

// deliver sends a message, and opens the session before the first one.
func (r *round) deliver(ctx context.Context, m smtp.Message) (err error) {
	if r.session == nil {
		if r.session, err = smtp.Open(ctx, r.account.Account); err != nil {
			return err
		}
	}
	return r.session.Send(ctx, m)
}

// close ends the session.
func (r *round) close(ctx context.Context) {
	if r.session != nil {
		r.session.Close(ctx)
	}
}

// compose writes the message for a mail of the outbox. A text of the team that cannot be used is logged; the mail then has
// the text that comes with the program.
func (s *sender) compose(m store.OutgoingMail) (smtp.Message, error) {
	account := s.accountOf(m)
	message := smtp.Message{
		MessageID: m.MessageID, From: account.from(m), To: smtp.Address{Name: m.To.Name, Address: m.To.Addr},
		InReplyTo: m.InReplyTo, References: m.References, Date: m.QueuedAt, AutoSubmitted: automatic(m.Kind),
	}
	var err error
	message.Subject, message.Text, err = template.Compose(m.Kind, m.Language, m.Template, m.Data)
	if err != nil && message.Text == "" {
		return message, fmt.Errorf("%w: %w", smtp.ErrMessage, err)
	}
	if err != nil {
		s.log.templateUnusable(m, err)
	}
	return message, nil
}

// sent notes that a mail was sent. If the database cannot note it, the sender remembers it, so that the mail is not sent
// again by this daemon.
func (s *sender) sent(ctx context.Context, m store.OutgoingMail) {
	s.log.mailSent(m, s.now().Sub(m.QueuedAt))
	s.mu.Lock()
	s.unmarked[m.ID] = true
	s.mu.Unlock()
	if err := s.markSent(ctx); err != nil {
		s.log.mailNotMarked(m, err)
	}
	s.overcome(ctx, m.To.Addr)
	s.overcome(ctx, unsentSource(m))
}

// markSent notes every mail that was sent. It goes on after a stop, for a moment.
func (s *sender) markSent(ctx context.Context) error {
	s.mu.Lock()
	var ids []int64
	for id := range s.unmarked {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTime)
	defer cancel()
	for _, id := range ids {
		if err := s.store().MailSent(bounded, id); err != nil {
			return err
		}
		s.mu.Lock()
		delete(s.unmarked, id)
		s.mu.Unlock()
	}
	return nil
}

// retryLater has a mail sent later, at growing intervals, or gives it up when it has waited for too long.
func (s *sender) retryLater(ctx context.Context, m store.OutgoingMail, message smtp.Message, err error) {
	if s.isOld(m) {
		s.giveUp(ctx, s.accountOf(m), m, message, err)
		return
	}
	wait := sendingWait(m.Attempts)
	s.log.mailDeferred(m, wait, err)
	s.deferMail(ctx, m, wait, err.Error())
}

// isOld reports whether a mail has waited for too long.
func (s *sender) isOld(m store.OutgoingMail) bool { return s.now().Sub(m.QueuedAt) >= sendingAttempts }

// sendingWait returns the wait after a number of attempts that failed.
func sendingWait(attempts int) time.Duration {
	return min(firstSendingWait<<min(max(attempts-1, 0), 10), lastSendingWait)
}

// postpone has mails wait until their account is tried again, and gives up those that have waited for too long.
func (s *sender) postpone(ctx context.Context, a *SendingAccount, mails []store.OutgoingMail) {
	until, err := s.trouble(a)
	for areOld := true; areOld && len(mails) > 0; mails = s.claimOlder(ctx, a, areOld) {
		for _, m := range mails {
			if s.isOld(m) {
				message, _ := s.compose(m)
				s.giveUp(ctx, a, m, message, err)
				continue
			}
			areOld = false
			s.deferMail(ctx, m, max(until.Sub(s.now()), 0), err.Error())
		}
	}
	s.countWaiting(ctx, a)
}

// claimOlder claims further mails of an account if the ones before were all too old: these may be, too.
func (s *sender) claimOlder(ctx context.Context, a *SendingAccount, wereOld bool) []store.OutgoingMail {
	for _, r := range s.daemon.options().routes() {
		if wereOld && r.account.key() == a.key() && ctx.Err() == nil {
			mails, _ := s.claim(ctx, []route{r}) // the next look says why it failed
			return mails
		}
	}
	return nil
}

// putBack makes mails due at once that were claimed and not sent.
func (s *sender) putBack(ctx context.Context, mails []store.OutgoingMail) {
	for _, m := range mails {
		s.deferMail(ctx, m, 0, m.LastError)
	}
}

// deferMail makes a mail due after some time. If the database cannot note it, the mail is due when its claim ends.
func (s *sender) deferMail(ctx context.Context, m store.OutgoingMail, wait time.Duration, reason string) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTime)
	defer cancel()
	if err := s.store().MailDeferred(bounded, m.ID, wait, reason); err != nil {
		s.log.mailNotMarked(m, err)
	}
}
