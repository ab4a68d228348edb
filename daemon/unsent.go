package daemon

import (
	"context"
	"errors"
	"strings"
	"time"

	"mailintegration/store"
)

// unsentEvery is the time between two looks for mail that nobody sends.
const unsentEvery = 6 * time.Hour

// errNobodySends is the reason why a mail is given up that no daemon has taken for a day.
var errNobodySends = errors.New("no daemon has an account to send it with: its mailbox, or <Smtp>, is not in the configuration any more")

// giveUpUnsent gives up mail that nobody sends, such as that of a mailbox which is not configured any more. What this daemon
// can send it leaves to look.
func (s *sender) giveUpUnsent(ctx context.Context) {
	now := s.now()
	if now.Sub(s.unsentAt) < unsentEvery || s.daemon.isPaused() || !s.daemon.isOpen() {
		return
	}
	own := mailboxesOf(s.daemon.options().routes())
	for ctx.Err() == nil {
		mails, err := s.store().ClaimUnsentMail(ctx, own, claimedMails, sendingAttempts, claimTime(nil))
		if err != nil {
			return // look meets the same error
		}
		s.unsentAt = now
		if len(mails) == 0 {
			return
		}
		for _, m := range mails {
			message, _ := s.compose(m)
			s.giveUp(ctx, nil, m, message, errNobodySends)
		}
	}
}

// mailboxesOf returns the names of the mailboxes whose mail accounts send.
func mailboxesOf(routes []route) (names []string) {
	for _, r := range routes {
		names = append(names, r.mailboxes...)
	}
	return names
}

// unsentSource returns the source of the problem that nobody sends the mail of a mailbox.
func unsentSource(m store.OutgoingMail) string {
	return "account of " + strings.ToLower(mailboxWords(m))
}

// mailboxWords names the mailbox of a mail.
func mailboxWords(m store.OutgoingMail) string {
	if m.Mailbox == "" {
		return "the service"
	}
	return "mailbox " + m.Mailbox
}
