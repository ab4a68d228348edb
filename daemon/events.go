package daemon

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// events is the daemon's logging vocabulary: every event has its name, level and fields here and nowhere else.
// Info is what an operator counts, Warn what will be tried again, Error what a person must act on (with a
// hint), Debug the course of a poll. Secrets and bodies never reach a log.
type events struct{ log *zap.Logger }

func (e events) daemonStarted(mailboxes int) {
	e.log.Info("daemon started", zap.Int("mailboxes", mailboxes))
}

func (e events) daemonStopped() { e.log.Info("daemon stopped") }

func (e events) sessionOpened(listed, fresh int) {
	e.log.Debug("session opened", zap.Int("listed", listed), zap.Int("to_retrieve", fresh))
}

func (e events) sessionClosed(retrieved, deleted int) {
	e.log.Debug("session closed", zap.Int("retrieved", retrieved), zap.Int("deleted", deleted))
}

// messageAccepted says what became of one message: recorded, known from before, or left in the mailbox.
func (e events) messageAccepted(it mailbox.Item, d store.Delivery, o store.Outcome) {
	fields := []zap.Field{
		zap.String("uidl", it.UIDL),
		zap.String("message_id", d.Message.MessageID),
		zap.Int64("octets", d.Raw.Size()),
	}
	if o.Err != nil {
		e.log.Warn("message left in the mailbox", append(fields, zap.Error(o.Err))...)
		return
	}
	fields = append(fields, zap.String("outcome", string(o.Outcome)), zap.Int64("request", o.Request))
	if o.Known {
		e.log.Info("message known", fields...)
		return
	}
	why := o.Decision.Why()
	fields = append(fields, zap.String("reason", string(why.Code)), zap.String("detail", why.Detail()))
	if n := len(d.Message.Defects); n > 0 {
		fields = append(fields, zap.Int("defects", n))
	}
	if o.Outcome == store.SetAside {
		e.log.Error("message set aside", append(fields, zap.String("hint", "the event carries the message as it was received"))...)
		return
	}
	if o.Outcome == store.Refused {
		e.log.Warn("message refused", append(fields, zap.String("hint", "CreateNewRequests is False; the raw message is kept with its receipt"))...)
		return
	}
	e.log.Info("message accepted", fields...)
}

func (e events) serverExpires(days int) {
	e.log.Warn("server deletes messages by itself", zap.Int("days", days),
		zap.String("hint", "the server deletes messages so many days after they came, or once they are retrieved (0): also those that "+
			"LeaveOnServer leaves, those that are too large and those that could not be recorded; change that on the server"))
}

func (e events) serverDelays(asked, respected, schedule time.Duration) {
	e.log.Warn("server wants time between log-ins", zap.Duration("login_delay", asked), zap.Duration("respected", respected),
		zap.Duration("schedule", schedule), zap.String("hint", "the mailbox is polled less often than Schedule says; lengthen Schedule"))
}

// workInterrupted says that the last process that polled the mailbox did not come to the end of it.
func (e events) workInterrupted(messages int) {
	e.log.Warn("last poll was interrupted", zap.Int("read_singly", messages),
		zap.String("hint", "the process ended while messages were in hand; should one of them be the cause, it is set aside after some attempts"))
}

// sessionDropped says that a session ended without QUIT.
func (e events) sessionDropped(staying int) {
	e.log.Debug("session dropped", zap.Int("staying", staying), zap.String("reason", "QUIT would delete messages that are to stay (EXPIRE 0)"))
}

// messageGivenUp says why a message was set aside unparsed.
func (e events) messageGivenUp(it mailbox.Item, err error) {
	e.log.Warn("message given up", zap.String("uidl", it.UIDL), zap.Error(err))
}

// messageInfo traces what a message says of itself.
func (e events) messageInfo(it mailbox.Item, m *processor.Message) {
	to := make([]string, min(len(m.To), maxTraced))
	for i := range to {
		to[i] = m.To[i].Addr
	}
	e.log.Info("message info", zap.String("uidl", it.UIDL), zap.String("message_id", m.MessageID),
		zap.String("from", m.From.Addr), zap.Strings("to", to), zap.String("subject", m.Subject), zap.Time("date", m.Date))
}

// maxTraced is how many recipients are logged.
const maxTraced = 20

// messageTooLarge says that a message was not retrieved and, as an event, that there is one.
func (e events) messageTooLarge(it mailbox.Item, m *processor.Message, o store.Outcome) {
	fields := []zap.Field{zap.String("uidl", it.UIDL), zap.String("message_id", m.MessageID), zap.Int64("octets", it.Octets)}
	switch {
	case o.Err != nil:
		e.log.Warn("message too large not recorded", append(fields, zap.Error(o.Err))...)
	case o.Known:
		e.log.Debug("message too large known", append(fields, zap.Int64("request", o.Request))...)
	default:
		e.log.Error("message too large", append(fields, zap.Int64("request", o.Request),
			zap.String("hint", "raise MaxMessageSize, or take the message out of the mailbox with a mail program"))...)
	}
}

func (e events) retrieveFailed(it mailbox.Item, err error) {
	e.log.Warn("message not retrieved", zap.String("uidl", it.UIDL), zap.Int64("octets", it.Octets), zap.Error(err),
		zap.String("hint", Hint(err)))
}

func (e events) deleteRefused(it mailbox.Item, err error) {
	e.log.Warn("deletion refused", zap.String("uidl", it.UIDL), zap.Error(err))
}

// pollEnded sums a poll up. A poll of an empty mailbox is not worth an operator's line.
func (e events) pollEnded(r Report, took time.Duration) {
	fields := []zap.Field{
		zap.Int("listed", r.Listed), zap.Int("recorded", r.Recorded()), zap.Int("known", r.Known),
		zap.Int("set_aside", r.SetAside), zap.Int("oversize", r.Oversize), zap.Int("failed", r.Failed), zap.Int("deferred", r.Deferred),
		zap.Duration("took", took.Round(time.Millisecond)),
	}
	switch {
	case r.Skipped:
		e.log.Debug("poll skipped", zap.String("reason", "another daemon polls this mailbox"))
	case errors.Is(r.Err, context.Canceled):
		e.log.Info("poll stopped", fields...)
	case r.Err != nil && needsPerson(r.Err):
		e.log.Error("poll failed", append(fields, zap.Error(r.Err), zap.String("hint", Hint(r.Err)))...)
	case r.Err != nil:
		e.log.Warn("poll failed", append(fields, zap.Error(r.Err), zap.String("hint", Hint(r.Err)))...)
	case r.Listed == 0:
		e.log.Debug("poll ended", fields...)
	default:
		e.log.Info("poll ended", fields...)
	}
}

// mailboxWorks says that a mailbox was polled, for the first time or again after failures.
func (e events) mailboxWorks() { e.log.Info("mailbox works") }

func (e events) pollPostponed(failures int, next time.Time) {
	e.log.Info("poll postponed", zap.Int("failures", failures), zap.Time("next_poll", next))
}

func (e events) pollPanicked(r any, stack []byte) {
	e.log.Error("poll panicked", zap.Any("panic", r), zap.ByteString("stack", stack),
		zap.String("hint", "this is a bug; no unrecorded message was deleted"))
}

func (e events) collected(receipts, files int) {
	e.log.Info("old receipts and orphaned attachments removed", zap.Int("receipts", receipts), zap.Int("files", files))
}

// collectFailed says why a collection did not come to its end. A failure that was said before is not worth a line again,
// and what a person has to do something about is worth more than one.
func (e events) collectFailed(err error, again bool) {
	fields := []zap.Field{zap.Error(err), zap.String("hint", Hint(err))}
	var panicked *panicError
	switch {
	case again:
		e.log.Debug("receipts and attachments not swept again", fields...)
	case errors.As(err, &panicked):
		e.log.Error("collection panicked", zap.Error(err), zap.ByteString("stack", panicked.stack),
			zap.String("hint", "this is a bug; please report it"))
	case errors.Is(err, store.ErrUnavailable):
		e.log.Warn("receipts and attachments not swept", fields...)
	default:
		e.log.Error("receipts and attachments not swept", fields...)
	}
}

// collectRecovered says that a collection went well after one that failed.
func (e events) collectRecovered() { e.log.Info("receipts and attachments swept again") }
