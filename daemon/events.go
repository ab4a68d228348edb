package daemon

import (
	"errors"
	"time"

	"go.uber.org/zap"

	"mailintegration/mailbox"
	"mailintegration/processor"
	"mailintegration/store"
)

// events is the daemon's logging vocabulary: every event has its name, level and fields here and nowhere else.
// Debug shows the course of a poll, Info what an operator counts, Warn what the daemon will try again or what is worth a look, and Error, which
// has a hint, what a person must act on. Secrets and bodies never reach a log.
type events struct{ log *zap.Logger }

// daemonStarted logs that the daemon runs: its version, configuration, database and mailboxes, where it runs, and who started it.
func (e events) daemonStarted(version string, mailboxes []string, about []zap.Field) {
	e.log.Info("daemon started", append([]zap.Field{
		zap.String("version", version), zap.Int("mailboxes", len(mailboxes)), zap.Strings("names", mailboxes[:min(len(mailboxes), maxNamed)]),
	}, about...)...)
}

// daemonStopped logs that the daemon has ended its work: no mailbox is polled until it is started again.
func (e events) daemonStopped() { e.log.Info("daemon stopped") }

// databaseUnusable logs that the daemon waits for its database, for its attachment directory or for another program.
func (e events) databaseUnusable(s DatabaseStatus) {
	fields := []zap.Field{zap.Error(s.Err), zap.String("hint", Hint(s.Err))}
	switch s.Cause {
	case CauseSchema:
		// The database has the schema of a newer version, or lacks something: this daemon polls nothing.
		e.log.Error("schema does not fit", append(fields, zap.String("polling", "ended"))...)
	case CauseAttachmentDirectory:
		// The attachment directory cannot be used. The daemon polls nothing, and tries again.
		e.log.Warn("attachment directory unusable", fields...)
	default:
		// The database cannot be used. The daemon polls nothing, and tries again.
		e.log.Warn("database unreachable", fields...)
	}
}

// databaseOutage logs that the database has been unusable for longer than a retry takes. It says so again and again.
func (e events) databaseOutage(s DatabaseStatus, lasts time.Duration) {
	fields := []zap.Field{
		zap.Time("since", s.Since), zap.Duration("lasts", lasts.Round(time.Second)), zap.Error(s.Err), zap.String("hint", Hint(s.Err)),
		zap.String("mail", "nothing is lost: no mailbox is polled, and all mail waits on its server; polling goes on by itself"),
	}
	switch s.Cause {
	case CauseSchema:
		// The schema still does not fit. The line comes again with a growing interval.
		e.log.Error("schema does not fit", fields...)
	case CauseAttachmentDirectory:
		// The attachment directory has been unusable for longer than a retry takes. The line comes again with a growing interval.
		e.log.Error("attachment directory unusable", fields...)
	default:
		// The database has been unusable for longer than a retry takes. The line comes again with a growing interval.
		e.log.Error("database outage", fields...)
	}
}

// databaseUsable logs that the database can be used, at the start or again. outage_ended says that an error told of the outage.
func (e events) databaseUsable(after time.Duration, wasOutage bool) {
	e.log.Info("database usable", zap.Duration("after", after.Round(time.Millisecond)), zap.Bool(OutageEnded, wasOutage))
}

// OutageEnded is the field of the event that the database can be used again. It is true if the log has told, at the level of
// errors, that it could not.
const OutageEnded = "outage_ended"

// leasesTaken logs which mailboxes this daemon polls from now on.
func (e events) leasesTaken(mailboxes []string) {
	if len(mailboxes) > 0 {
		e.log.Info("mailboxes taken", zap.Int("count", len(mailboxes)), zap.Strings("mailboxes", mailboxes[:min(len(mailboxes), maxNamed)]))
	}
}

// leasesLost logs which mailboxes another daemon polls from now on, although this one has not given them back.
func (e events) leasesLost(mailboxes []string) {
	if len(mailboxes) > 0 {
		e.log.Warn("mailboxes lost", zap.Int("count", len(mailboxes)), zap.Strings("mailboxes", mailboxes[:min(len(mailboxes), maxNamed)]),
			zap.String("hint", "nothing to do: this daemon was paused, or the database was away; another daemon polls them"))
	}
}

// leasesNotReleased logs that the daemon could not give its mailboxes back when it stopped.
func (e events) leasesNotReleased(err error) {
	e.log.Warn("mailboxes not given back", zap.Error(err),
		zap.String("hint", "nothing to do: other daemons take them when the leases have run out, within a minute"))
}

// maxNamed limits how many mailboxes a line names.
const maxNamed = 20

// sessionOpened logs that a POP3 session has logged in and read the listing.
func (e events) sessionOpened(listed, fresh int) {
	e.log.Debug("session opened", zap.Int("listed", listed), zap.Int("to_retrieve", fresh))
}

// sessionClosed logs that a POP3 session has ended with QUIT.
func (e events) sessionClosed(retrieved, deleted int) {
	e.log.Debug("session closed", zap.Int("retrieved", retrieved), zap.Int("deleted", deleted))
}

// messageAccepted logs the outcome of one message: recorded, known from before, or left in the mailbox.
func (e events) messageAccepted(it mailbox.Item, d store.Delivery, o store.Outcome) {
	fields := []zap.Field{
		zap.String("uidl", it.UIDL),
		zap.String("message_id", d.Message.MessageID),
		zap.Int64("octets", d.Raw.Size()),
	}
	if o.Err != nil {
		// The message could not be recorded. It stays on the server, and is tried again.
		e.log.Warn("message left in the mailbox", append(fields, zap.Error(o.Err))...)
		return
	}
	fields = append(fields, zap.String("outcome", string(o.Result)), zap.Int64("request", o.Request))
	if o.Known {
		// The message was recorded before: it is only deleted.
		e.log.Info("message known", fields...)
		return
	}
	why := o.Decision.Why()
	fields = append(fields, zap.String("reason", string(why.Code)), zap.String("detail", why.Detail()))
	if n := len(d.Message.Defects); n > 0 {
		fields = append(fields, zap.Int("defects", n))
	}
	reply, noReply := processor.ReplyOf(o.Decision)
	if reply != nil {
		fields = append(fields, zap.String("reply", string(reply.Kind)))
	} else if noReply != "" {
		fields = append(fields, zap.String("no_reply", noReply))
	}
	switch o.Result {
	case store.SetAside:
		// The message could not be understood or recorded. It is kept whole, with an event that carries it.
		e.log.Error("message set aside", append(fields, zap.Int64("activity", o.Activity), zap.Int64("aside", o.Aside),
			zap.String("hint", "read the event: it has the cause, and the message as it was received"))...)
	case store.Refused:
		if noReply != processor.NoSmtp {
			// The message would open a request, and CreateNewRequests is False. Its sender gets an answer, unless no_reply says why not.
			e.log.Info("message refused", fields...)
			return
		}
		// The message was refused, and its sender hears nothing, because no Smtp is configured.
		e.log.Warn("message refused", append(fields,
			zap.String("hint", "CreateNewRequests is False, and the message would open a request; its original is kept with the receipt; "+
				"add Smtp to the configuration so that the sender gets an answer"))...)
	default:
		// The message is recorded, as outcome and reason say.
		e.log.Info("message accepted", fields...)
	}
}

// loopFound logs that a sender opens too many requests.
func (e events) loopFound(d store.Delivery, o store.Outcome) {
	e.log.Error("mail loop", zap.String("sender", d.Message.Author().Addr), zap.String("message_id", d.Message.MessageID),
		zap.Int64("request", o.Request), zap.Int64("event", o.LoopEvent), zap.String("detail", o.Decision.Why().Detail()),
		zap.String("hint", "read the event: it says how to stop the sender, and how to raise MaxNewRequests if this is no loop"))
}

// rawMessageNotWritten logs that a message in trouble could not be written to the file for that.
func (e events) rawMessageNotWritten(file string, err error) {
	e.log.Warn("raw message not written", zap.String("file", file), zap.Error(err),
		zap.String("hint", "Debug asks for this file; the mail is not affected. Let the account of the daemon write there, or free space"))
}

// serverExpires logs that the server deletes messages by itself, and some have to stay there.
func (e events) serverExpires(days int) {
	e.log.Warn("server deletes messages by itself", zap.Int("days", days),
		zap.String("hint", "turn this off on the server: it deletes messages after this many days, with 0 once they are retrieved, "+
			"even those that LeaveOnServer keeps, that are too large or that could not be recorded"))
}

// serverDelays logs that the server wants more time between log-ins than Schedule leaves.
func (e events) serverDelays(asked, respected, schedule time.Duration) {
	e.log.Warn("server wants time between log-ins", zap.Duration("login_delay", asked), zap.Duration("respected", respected),
		zap.Duration("schedule", schedule),
		zap.String("hint", "the mailbox is polled less often than Schedule says; set a longer Schedule"))
}

// workInterrupted logs that the process before ended within a poll of the mailbox.
func (e events) workInterrupted(messages int) {
	e.log.Warn("last poll was interrupted", zap.Int("read_singly", messages),
		zap.String("hint", "nothing to do: the process ended while it read messages; "+
			"if one of them is the cause, it is set aside after some attempts"))
}

// sessionDropped logs that a session ended without QUIT.
func (e events) sessionDropped(staying int) {
	e.log.Debug("session dropped", zap.Int("staying", staying),
		zap.String("reason", "QUIT would delete messages that have to stay (EXPIRE 0)"))
}

// messageGivenUp logs that a message was set aside unparsed, and why.
func (e events) messageGivenUp(it mailbox.Item, err error) {
	e.log.Warn("message given up", zap.String("uidl", it.UIDL), zap.Error(err))
}

// messageInfo logs the main header fields of a message (TraceMessageInfo).
func (e events) messageInfo(it mailbox.Item, m *processor.Message) {
	to := make([]string, min(len(m.To), maxTraced))
	for i := range to {
		to[i] = m.To[i].Addr
	}
	e.log.Info("message info", zap.String("uidl", it.UIDL), zap.String("message_id", m.MessageID),
		zap.String("from", m.From.Addr), zap.Strings("to", to), zap.String("subject", m.Subject), zap.Time("date", m.Date))
}

// maxTraced limits how many recipients are logged.
const maxTraced = 20

// messageTooLarge logs that a message is too large to be retrieved, and whether it is recorded as an event.
func (e events) messageTooLarge(it mailbox.Item, m *processor.Message, o store.Outcome) {
	fields := []zap.Field{zap.String("uidl", it.UIDL), zap.String("message_id", m.MessageID), zap.Int64("octets", it.Octets)}
	switch {
	case o.Err != nil:
		// A message is larger than MaxMessageSize, and the event about it could not be recorded. The next poll tries again.
		e.log.Warn("message too large not recorded", append(fields, zap.Error(o.Err))...)
	case o.Known:
		// A message that is larger than MaxMessageSize is still in the mailbox. Its event was opened before.
		e.log.Debug("message too large known", append(fields, zap.Int64("request", o.Request))...)
	default:
		// A message is larger than MaxMessageSize. It stays in the mailbox, and an event tells of it.
		e.log.Error("message too large", append(fields, zap.Int64("request", o.Request),
			zap.String("hint", "raise MaxMessageSize, or remove the message from the mailbox with a mail program"))...)
	}
}

// retrieveFailed logs that the server did not hand over a message. It stays there, and is tried again.
func (e events) retrieveFailed(it mailbox.Item, err error) {
	e.log.Warn("message not retrieved", zap.String("uidl", it.UIDL), zap.Int64("octets", it.Octets), zap.Error(err),
		zap.String("hint", Hint(err)))
}

// deleteRefused logs that the server did not delete a message that is recorded. The next poll knows it, and tries again.
func (e events) deleteRefused(it mailbox.Item, err error) {
	e.log.Warn("deletion refused", zap.String("uidl", it.UIDL), zap.Error(err))
}

// pollEnded sums up a poll. It logs a poll that finds nothing to do at Debug only.
func (e events) pollEnded(r Report, took time.Duration) {
	fields := []zap.Field{
		zap.Int("listed", r.Listed), zap.Int("recorded", r.Recorded()), zap.Int("known", r.Known),
		zap.Int("set_aside", r.SetAside), zap.Int("oversize", r.Oversize), zap.Int("failed", r.Failed), zap.Int("deferred", r.Deferred),
		zap.Duration("took", took.Round(time.Millisecond)),
	}
	switch {
	case r.Skipped:
		// Another daemon polls the mailbox, or it is not due.
		e.log.Debug("poll skipped", zap.String("host", r.Holder.Host), zap.Int("process", r.Holder.Process), zap.Time("next_poll", r.NextPoll))
	case isInterruption(r.Err):
		// The daemon was stopped within the poll. What was recorded is deleted by the next one.
		e.log.Info("poll stopped", fields...)
	case r.Err != nil && needsPerson(r.Err):
		// The poll ended early, and waiting does not help: a person has to change something.
		e.log.Error("poll failed", append(fields, zap.Error(r.Err), zap.String("hint", Hint(r.Err)))...)
	case r.Err != nil:
		// The poll ended early. The next one tries again.
		e.log.Warn("poll failed", append(fields, zap.Error(r.Err), zap.String("hint", Hint(r.Err)))...)
	case r.Listed == r.Oversize:
		// The mailbox was empty, or has only messages that are larger than MaxMessageSize, which stay there.
		e.log.Debug("poll ended", fields...)
	default:
		// The poll went well. The numbers say what became of the messages; their sum is listed.
		e.log.Info("poll ended", fields...)
	}
}

// pollDoesNotAddUp logs that a poll lost count of its messages.
func (e events) pollDoesNotAddUp(r Report, unaccounted int) {
	e.log.Error("poll does not add up", zap.Int("listed", r.Listed), zap.Int("unaccounted", unaccounted),
		zap.Int("recorded", r.Recorded()), zap.Int("known", r.Known), zap.Int("oversize", r.Oversize), zap.Int("failed", r.Failed),
		zap.Int("deferred", r.Deferred), zap.String("hint", "this is a bug, please report it; no unrecorded message was deleted"))
}

// settingsApplied logs which mailboxes a reload has added, changed and removed. "configuration reloaded" says which tags, and why.
func (e events) settingsApplied(c Changes) {
	e.log.Debug("settings applied", zap.Strings("added", c.Added), zap.Strings("changed", c.Changed), zap.Strings("removed", c.Removed))
}

// mailboxWorks logs that a mailbox was polled, for the first time or again after failures.
func (e events) mailboxWorks() { e.log.Info("mailbox works") }

// pollPostponed logs that a mailbox that keeps failing is polled less often for a while.
func (e events) pollPostponed(failures int, next time.Time) {
	e.log.Info("poll postponed", zap.Int("failures", failures), zap.Time("next_poll", next))
}

// pollPanicked logs a bug that ended a poll, but not the daemon.
func (e events) pollPanicked(r any, stack []byte) {
	e.log.Error("poll panicked", zap.Any("panic", r), zap.ByteString("stack", stack),
		zap.String("hint", "this is a bug, please report it; no unrecorded message was deleted"))
}

// collected logs what was removed because Retention is over, or because no row names it.
func (e events) collected(receipts, files int) {
	e.log.Info("old receipts and orphaned attachments removed", zap.Int("receipts", receipts), zap.Int("files", files))
}

// collectFailed logs why a collection failed: at Debug when the run before failed in the same way, at Warn when waiting
// may help, at Error when a person must act.
func (e events) collectFailed(err error, repeated bool) {
	fields := []zap.Field{zap.Error(err), zap.String("hint", Hint(err))}
	var panicked *panicError
	switch {
	case repeated:
		// Old receipts and files could not be removed, for the same reason as before.
		e.log.Debug("receipts and attachments not swept again", fields...)
	case errors.As(err, &panicked):
		// A bug ended the removal of old receipts and files.
		e.log.Error("collection panicked", zap.Error(err), zap.ByteString("stack", panicked.stack),
			zap.String("hint", "this is a bug, please report it"))
	case errors.Is(err, store.ErrUnavailable):
		// Old receipts and files could not be removed. The next run tries again.
		e.log.Warn("receipts and attachments not swept", fields...)
	default:
		// Old receipts and files could not be removed, and waiting does not help.
		e.log.Error("receipts and attachments not swept", fields...)
	}
}

// collectRecovered logs that a collection went well after one that failed.
func (e events) collectRecovered() { e.log.Info("receipts and attachments swept again") }

// troubleReported logs that an event was opened for a trouble.
func (e events) troubleReported(p *store.Problem, r report) {
	e.log.Info("trouble reported", zap.String("kind", string(p.Kind)), zap.String("source", p.Source), zap.Int64("event", p.Event),
		zap.Int("mailboxes", len(r.mailboxes())))
}

// troubleOver logs that the event for a trouble was closed.
func (e events) troubleOver(p *store.Problem, r report) {
	e.log.Info("trouble over", zap.String("kind", string(p.Kind)), zap.String("source", p.Source), zap.Int64("event", p.Event),
		zap.Duration("lasted", r.view.at.Sub(p.FirstSeenAt).Round(time.Second)))
}

// troubleNotReported logs that an event about a trouble could not be written. The next look tries again.
func (e events) troubleNotReported(err error) {
	fields := []zap.Field{zap.Error(err), zap.String("hint", Hint(err))}
	var panicked *panicError
	if errors.As(err, &panicked) {
		// A bug kept an event about a trouble from being written.
		e.log.Error("trouble not reported", append(fields[:1], zap.ByteString("stack", panicked.stack),
			zap.String("hint", "this is a bug, please report it"))...)
		return
	}
	// An event about a trouble could not be written. The next look tries again.
	e.log.Warn("trouble not reported", fields...)
}

// outboxNotRead logs that the mail to send could not be read.
func (e events) outboxNotRead(err error) {
	e.log.Warn("outbox not read", zap.Error(err), zap.String("hint", Hint(err)))
}

// mailFields returns the fields that identify a mail of the outbox.
func mailFields(m store.OutgoingMail) []zap.Field {
	return []zap.Field{
		zap.String("message_id", m.MessageID), zap.String("to", m.To.Addr), zap.String("kind", string(m.Kind)),
		zap.String("mailbox", m.Mailbox), zap.Int64("request", m.Request), zap.Int("attempt", m.Attempts),
	}
}

// mailSent logs that the mail server has taken over a mail, which had waited for a time.
func (e events) mailSent(m store.OutgoingMail, waited time.Duration) {
	e.log.Info("mail sent", append(mailFields(m), zap.Duration("waited", waited.Round(time.Millisecond)))...)
}

// mailDeferred logs that the mail server has refused a mail for the time being.
func (e events) mailDeferred(m store.OutgoingMail, wait time.Duration, err error) {
	e.log.Warn("mail not sent yet", append(mailFields(m), zap.Error(err), zap.Duration("next", wait))...)
}

// mailGivenUp logs that a mail is not sent, and which event says so.
func (e events) mailGivenUp(m store.OutgoingMail, event int64, err error) {
	e.log.Error("mail given up", append(mailFields(m), zap.Error(err), zap.Int64("event", event),
		zap.String("hint", "read the event: it has the cause, and what the mail says"))...)
}

// mailNotMarked logs that the database could not note what became of a mail.
func (e events) mailNotMarked(m store.OutgoingMail, err error) {
	e.log.Warn("mail not marked", append(mailFields(m), zap.Error(err),
		zap.String("hint", "nothing to do: the mail is looked at again; it may be sent twice, with the same Message-ID"))...)
}

// mailCannotBeSent logs that nothing can be sent through a server, or not from an address.
func (e events) mailCannotBeSent(server string, wait time.Duration, err error) {
	e.log.Error("mail cannot be sent", zap.String("server", server), zap.Error(err), zap.Duration("next", wait), zap.String("hint", Hint(err)))
}

// mailCanBeSent logs that mail can be sent through a server again.
func (e events) mailCanBeSent(server string, after time.Duration) {
	e.log.Info("mail can be sent", zap.String("server", server), zap.Duration("after", after.Round(time.Millisecond)))
}

// templateUnusable logs that a mail has the shipped text because the team's own cannot be used.
func (e events) templateUnusable(m store.OutgoingMail, err error) {
	e.log.Warn("template unusable", append(mailFields(m), zap.String("team", m.Team), zap.Error(err),
		zap.String("hint", "correct the text with mailintegration template set; the mail was sent with the text that comes with the program"))...)
}

// reportNotClosed logs that the event about undelivered mail stays open.
func (e events) reportNotClosed(key store.ProblemKey, err error) {
	e.log.Warn("event not closed", zap.String("problem", key.String()), zap.Error(err),
		zap.String("hint", "nothing to do: the next mail that is sent tries again"))
}
