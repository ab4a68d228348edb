package daemon

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mailintegration/store"
)

const (
	// certificateWarning is how long before its end a certificate is reported.
	certificateWarning = 14 * 24 * time.Hour
	// maxClockError is the difference between two clocks that is reported: logs and requests would show a wrong time.
	maxClockError = time.Minute
	// settleTime is how long a trouble must last that no poll tries again, such as a file that somebody is just writing.
	settleTime = 30 * time.Second
)

// expiring follows the server in the source of the problem that a certificate ends soon. When it has ended, that is another
// problem with an event of its own: it is urgent, and the first event may have been marked as processed.
const expiring = " (expires soon)"

// ofListen follows the file of the certificate with which a daemon answers, in the source of a problem with it.
const ofListen = " (Listen)"

// sighting is one trouble of one mailbox, or of the daemon itself, as the status shows it.
type sighting struct {
	key       store.ProblemKey
	guide     guideName // which instructions fit
	mailbox   string    // "" for a trouble of no mailbox
	since     time.Time // when it began; zero when the status does not tell
	confirmed bool      // it has outlasted a retry
	polledAt  time.Time // of a trouble that is confirmed after a number of polls: when the last one ended
	polls     int       // this number, 0 for a trouble that confirmed tells about
	detail    string    // the error, for a person
	hint      string    // what the program knows about the remedy
	about     string    // of a configuration file: the name of its mailbox
	polled    bool      // of a configuration file: its mailbox is polled as before
	config    []byte    // the configuration of the mailbox, without secrets
}

// stance says what a daemon can say about a mailbox.
type stance int

const (
	notOurs stance = iota // another daemon polls the mailbox, or nobody does
	unsure                // this daemon polls it, and cannot tell yet
	sure
)

// view holds what a daemon knows at one moment: the troubles that it sees, and about which mailboxes it can tell that they have
// none.
type view struct {
	at        time.Time
	reporter  store.Holder
	sightings []sighting
	mailboxes map[string]MailboxStatus // those whose lease this daemon holds, by the name in lower case
	files     map[string]bool          // the configuration files of the mailboxes that are polled well
	watching  time.Time                // since when the daemon has seen everything without a gap, zero for a single run
}

// observe returns what a status says; attachments is the attachment directory. It changes nothing and asks nobody.
func observe(s Status, attachments string) view {
	v := view{at: s.At, reporter: s.Holder, mailboxes: map[string]MailboxStatus{}, files: map[string]bool{}}
	for _, m := range s.Mailboxes {
		if !m.Held {
			continue
		}
		v.mailboxes[strings.ToLower(m.Name)] = m
		if m.Err == nil && !m.SucceededAt.IsZero() {
			v.files[m.File] = true
		}
		v.sightings = append(v.sightings, ofMailbox(s, m, attachments)...)
	}
	v.sightings = append(v.sightings, ofDaemon(s, attachments)...)
	for _, c := range s.Configuration {
		v.sightings = append(v.sightings, ofConfiguration(s, c))
	}
	slices.SortStableFunc(v.sightings, func(a, b sighting) int {
		return cmp.Or(a.since.Compare(b.since), strings.Compare(strings.ToLower(a.mailbox), strings.ToLower(b.mailbox)))
	})
	return v
}

// ofMailbox returns the troubles of a mailbox.
func ofMailbox(s Status, m MailboxStatus, attachments string) (list []sighting) {
	switch {
	case isLasting(m.Err) || m.Err == nil && m.Failure != nil:
		list = append(list, ofMessages(s, m, attachments))
	case m.Err != nil:
		if key, guide := placeOf(s, m, attachments); key.Kind != "" {
			list = append(list, sighting{
				key: key, guide: guide, mailbox: m.Name, since: m.Since, config: m.ConfigurationXML,
				confirmed: m.Failures >= 2, detail: m.Err.Error(), hint: Hint(m.Err),
			})
		}
	}
	if e := m.CertificateExpires; !e.IsZero() && s.At.Add(certificateWarning).After(e) {
		list = append(list, sighting{
			key: store.ProblemKey{Kind: store.ProblemCertificate, Source: mailServer(m) + expiring}, guide: guideExpiry, mailbox: m.Name,
			since: e.Add(-certificateWarning), confirmed: true, config: m.ConfigurationXML,
			detail: "the certificate is valid until " + moment(e.In(s.At.Location())),
		})
	}
	if !m.SilentSince.IsZero() {
		list = append(list, sighting{
			key: store.ProblemKey{Kind: store.ProblemSilence, Source: m.Name}, guide: guideName(store.ProblemSilence), mailbox: m.Name,
			since: m.SilentSince, confirmed: true, config: m.ConfigurationXML,
			detail: "the last message was recorded on " + moment(m.SilentSince),
		})
	}
	return list
}

// ofMessages returns the trouble of a mailbox with messages that fail, while the polls themselves go well. Most of such messages
// are recorded or set aside at one of the next attempts.
func ofMessages(s Status, m MailboxStatus, attachments string) sighting {
	err := cmp.Or(m.Failure, m.Err)
	o := sighting{
		mailbox: m.Name, config: m.ConfigurationXML, polledAt: m.PolledAt, polls: 2,
		detail: counted(max(m.Last.Failed, 1), "message") + " in the last poll: " + err.Error(), hint: Hint(err),
	}
	m.Err, m.Cause = err, CauseOf(err)
	switch m.Cause {
	case CauseSpool, CauseAttachmentDirectory, CauseDatabase, CauseConstraint, CauseLock:
	default:
		m.Cause, o.polls = CauseMessage, maxAttempts+1
	}
	o.key, o.guide = placeOf(s, m, attachments)
	return o
}

// placeOf returns where the trouble of a mailbox's last poll belongs: all mailboxes with the same key share one event. The
// key is zero where there is no trouble to report.
func placeOf(s Status, m MailboxStatus, attachments string) (store.ProblemKey, guideName) {
	kind, source := store.ProblemKind(""), mailServer(m)
	guide := guideName("")
	switch m.Cause {
	case CauseUnreachable, CauseConnection:
		kind = store.ProblemUnreachable
	case CauseTLS:
		kind, guide = store.ProblemProtocol, guideTLS
	case CauseServer:
		kind = store.ProblemProtocol
	case CauseCertificate:
		kind = store.ProblemCertificate
	case CauseLogin:
		kind = store.ProblemLogin
	case CauseInUse:
		kind, source, guide = store.ProblemLogin, m.Name, guideInUse
	case CauseLoginDelay:
		kind = store.ProblemLoginDelay
	case CauseToken:
		kind, source = store.ProblemToken, cmp.Or(m.Tenant, source)
	case CauseConfiguration:
		kind, source, guide = store.ProblemConfiguration, m.Name, guideSettings
	case CauseNames:
		kind, source, guide = store.ProblemConfiguration, namesOf(m.Err, m.Name), guideNames
	case CauseMessage:
		kind, source = store.ProblemMessage, m.Name
	case CauseSpool:
		kind, source = store.ProblemDisk, onHost(s, folderOf(m.Err))
	case CauseDatabase, CauseLock, CauseConstraint:
		kind, source = store.ProblemDatabase, databaseSource
	case CauseAttachmentDirectory:
		return directoryKey(attachments), guideName(store.ProblemAttachmentDirectory)
	case CausePanic, CauseUnknown:
		kind, source = store.ProblemProgram, m.Name
	}
	return store.ProblemKey{Kind: kind, Source: source}, cmp.Or(guide, guideName(kind))
}

// directoryKey returns the key of the problem that the attachment directory cannot be used.
func directoryKey(attachments string) store.ProblemKey {
	return store.ProblemKey{Kind: store.ProblemAttachmentDirectory, Source: cmp.Or(attachments, "the attachment directory")}
}

// databaseSource is the source of problems with the database: there is one for all daemons.
const databaseSource = "database"

// mailServer returns the mail server of a mailbox, or the mailbox's name where the configuration names no server.
func mailServer(m MailboxStatus) string { return cmp.Or(m.Server, m.Name) }

// namesOf returns the names that the database does not have, so that all mailboxes that lack the same share an event.
func namesOf(err error, mailbox string) string {
	var names *store.UnresolvedError
	if !errors.As(err, &names) || len(names.Names) == 0 || names.Names[0].Name == "" {
		return mailbox
	}
	return names.Names[0].Tag + " " + names.Names[0].Name
}

// folderOf returns the folder that a file could not be written to, "" if the error does not tell.
func folderOf(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return filepath.Dir(path.Path)
	}
	return ""
}

// onHost returns a place of this machine.
func onHost(s Status, place string) string {
	host := cmp.Or(s.Holder.Host, "this machine")
	if place == "" {
		return host
	}
	return host + ": " + place
}

// ofDaemon returns the troubles of the daemon itself.
func ofDaemon(s Status, attachments string) (list []sighting) {
	if d := s.Database; d.Cause == CauseAttachmentDirectory {
		list = append(list, sighting{
			key:   directoryKey(attachments),
			guide: guideName(store.ProblemAttachmentDirectory), since: d.Since, confirmed: s.At.Sub(d.Since) >= settleTime,
			detail: d.Err.Error(), hint: Hint(d.Err),
		})
	}
	if by := s.ClockAhead; by.Abs() >= maxClockError {
		list = append(list, sighting{
			key: store.ProblemKey{Kind: store.ProblemClock, Source: onHost(s, "")}, guide: guideName(store.ProblemClock), detail: clockText(by),
		})
	}
	if c := s.Listen; !c.Expires.IsZero() && s.At.Add(certificateWarning).After(c.Expires) {
		list = append(list, ofListenCertificate(s))
	}
	for _, a := range s.Sending {
		if a.Err != nil {
			list = append(list, ofSending(a))
		}
	}
	return list
}

// ofListenCertificate returns the trouble that the certificate with which the daemon answers has ended, or ends soon.
func ofListenCertificate(s Status) sighting {
	c := s.Listen
	o := sighting{
		key: store.ProblemKey{Kind: store.ProblemCertificate, Source: onHost(s, c.File) + ofListen + expiring}, guide: guideListenExpiry,
		since: c.Expires.Add(-certificateWarning), confirmed: true,
		detail: "the certificate is valid until " + moment(c.Expires.In(s.At.Location())),
	}
	if !s.At.Before(c.Expires) {
		o.key.Source, o.guide, o.since = onHost(s, c.File)+ofListen, guideListenExpired, c.Expires
		o.detail = "the certificate was valid until " + moment(c.Expires.In(s.At.Location()))
	}
	return o
}

// ofSending returns the trouble of an account that cannot send mail.
func ofSending(a SendingStatus) sighting {
	detail := a.Err.Error()
	if a.Waiting > 0 {
		detail += "\n" + counted(a.Waiting, "mail") + " waiting at the last attempt."
	}
	return sighting{
		key: store.ProblemKey{Kind: store.ProblemSMTP, Source: a.Server}, guide: guideName(store.ProblemSMTP), since: a.Since,
		confirmed: a.Failures >= 2, detail: detail, hint: Hint(a.Err),
	}
}

// clockText says how far a clock is wrong.
func clockText(ahead time.Duration) string {
	if ahead < 0 {
		return "the clock of this machine is " + lasting(-ahead) + " behind that of the database server"
	}
	return "the clock of this machine is " + lasting(ahead) + " ahead of that of the database server"
}

// ofConfiguration returns the trouble of a configuration file.
func ofConfiguration(s Status, c ConfigurationProblem) sighting {
	guide := guideFile
	switch {
	case c.OnlyListen:
		guide = guideListen
	case c.Mailbox == "":
		guide = guideService
	}
	return sighting{
		key: store.ProblemKey{Kind: store.ProblemConfiguration, Source: c.File}, guide: guide, about: c.Mailbox, polled: c.Polled,
		since: c.Since, confirmed: s.At.Sub(c.Since) >= settleTime, detail: strings.Join(c.Mistakes, "\n"), config: c.XML,
	}
}

// stanceOn returns what the daemon can say about a trouble of a mailbox that it does not see.
func (v view) stanceOn(mailbox string, kind store.ProblemKind) stance {
	m, ok := v.mailboxes[strings.ToLower(mailbox)]
	if !ok {
		return notOurs
	}
	switch {
	case m.Err == nil && m.SucceededAt.IsZero(), // not polled yet
		isDatabaseCause(m.Cause) && kind != store.ProblemDatabase,
		stageOfCause(m.Cause) < stageOfProblem(kind), // the poll has not come so far
		kind == store.ProblemCertificate && m.CertificateExpires.IsZero() && m.Err != nil,
		kind == store.ProblemSilence && m.Err != nil:
		return unsure
	}
	return sure
}

// isDatabaseCause reports whether a poll ended at the database.
func isDatabaseCause(c Cause) bool {
	return slices.Contains([]Cause{CauseDatabase, CauseLock, CauseConstraint, CauseSchema}, c)
}

// stageOfCause returns how far a poll came that ended with a cause. A server may have trouble, and a connection may break, at
// any step: then only the first steps are sure.
func stageOfCause(c Cause) int {
	switch c {
	case CauseConfiguration, CauseNames, CausePanic, CauseUnknown:
		return 0
	case CauseUnreachable, CauseConnection:
		return 1
	case CauseTLS, CauseServer:
		return 2
	case CauseCertificate:
		return 3
	case CauseToken:
		return 4
	case CauseLogin, CauseInUse, CauseLoginDelay:
		return 5
	}
	return lastStage
}

// stageOfProblem returns how far a poll must come to show that a problem is over, in the numbers of stageOfCause.
func stageOfProblem(k store.ProblemKind) int {
	switch k {
	case store.ProblemUnreachable:
		return 1
	case store.ProblemProtocol:
		return 2
	case store.ProblemCertificate:
		return 3
	case store.ProblemToken:
		return 4
	case store.ProblemLogin, store.ProblemLoginDelay:
		return 5
	}
	return lastStage
}

// lastStage is the stage of a poll that has logged in.
const lastStage = 6

// keys returns the keys of the troubles seen, each once.
func (v view) keys() (keys []store.ProblemKey) {
	for _, s := range v.sightings {
		if !slices.Contains(keys, s.key) {
			keys = append(keys, s.key)
		}
	}
	return keys
}

// of returns the sightings with a key, those that began first at the beginning.
func (v view) of(key store.ProblemKey) (list []sighting) {
	for _, s := range v.sightings {
		if s.key == key {
			list = append(list, s)
		}
	}
	return list
}

// isConfirmed reports whether one of the sightings has outlasted a retry.
func isConfirmed(list []sighting) bool {
	return slices.ContainsFunc(list, func(s sighting) bool { return s.confirmed })
}
