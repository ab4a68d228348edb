package daemon

import (
	"slices"
	"time"

	"mailintegration/store"
)

// State says what the worker of a mailbox does.
type State string

// The states of a mailbox.
const (
	Standby  State = "standby"  // another daemon polls the mailbox, or the database has not given the lease yet
	Waiting  State = "waiting"  // this daemon polls the mailbox, and the next poll is not due yet
	Paused   State = "paused"   // this daemon polls the mailbox, but no poll begins while the database cannot be used
	Queued   State = "queued"   // a poll waits for one of the slots
	Polling  State = "polling"  // a poll is under way
	Stopping State = "stopping" // the last poll is under way: the daemon stops, or the mailbox was removed
)

// Status holds what a daemon knows about itself at one moment. It is a value: nothing in it changes afterwards.
type Status struct {
	At        time.Time
	Holder    store.Holder // the daemon itself: its host, process and version; zero before Run
	StartedAt time.Time    // of Run, zero before

	Live      bool // Run is under way
	Stopping  bool // Run is under way, and ends: the messages in hand are finished
	Ready     bool // the database is open and has answered the last beat, so that mail can be recorded
	Database  DatabaseStatus
	Mailboxes []MailboxStatus // in the order of the configuration; removed ones stay until their last poll has ended
	Totals    Totals          // of all mailboxes since the start, removed ones too

	// ClockAhead is how much this machine's clock is ahead of the database's, negative when it is behind. It is 0 while
	// unknown, and while the difference is less than what a beat took, which bounds how well the daemon can tell.
	ClockAhead    time.Duration
	Configuration []ConfigurationProblem // as NoteConfiguration was told last
	Sending       []SendingStatus        // of every account through which mail is sent
	Listen        ListenCertificate      // with which this daemon answers people and programs, zero for none
}

// ListenCertificate is the certificate with which a daemon answers.
type ListenCertificate struct {
	File    string
	Expires time.Time
}

// ConfigurationProblem is a configuration file with mistakes. None of its fields has a secret.
type ConfigurationProblem struct {
	File       string
	Mailbox    string   // "" for the service file
	Mistakes   []string // at least one: for a person, with file, line and tag
	Polled     bool     // the mailbox is polled as before; for the service file: the daemon goes on with the old one
	OnlyListen bool     // for the service file: it is used, but nobody can ask at Listen, or not after a restart
	XML        []byte   // what could be read of a mailbox file, nil when that is nothing; never changed
	Since      time.Time
}

// DatabaseStatus says whether the database can be used.
type DatabaseStatus struct {
	Cause Cause     // CauseNone while it can be used
	Err   error     // nil while it can be used, and before the first attempt to open it
	Since time.Time // when that began, zero before the first attempt to open it
}

// MailboxStatus is the state of one mailbox.
type MailboxStatus struct {
	Name   string
	File   string // Mailbox.File
	Server string // host:port
	Tenant string // Mailbox.Tenant
	State  State
	Held   bool         // this daemon holds the lease
	Holder store.Holder // who holds the lease, as far as this daemon knows

	Cause Cause     // what was wrong with the last poll, CauseNone when it went well
	Err   error     // the same as an error
	Since time.Time // when the first of the polls that failed in a row ended, zero when the last one went well

	// Failure is why a message of the last poll stays in the mailbox, although the poll itself may have gone well; nil when no
	// message failed.
	Failure error

	PolledAt    time.Time // end of this daemon's last poll, zero before
	SucceededAt time.Time // end of its last poll that went well
	NextPoll    time.Time // when the next poll is due, zero in Standby
	Failures    int       // polls that failed in a row, without those that a stop has ended
	Backlog     int       // messages that were listed, are still on the server and are not recorded
	Last        Report    // of the last poll
	Totals      Totals    // since the start

	// CertificateExpires is when the server's certificate ends, as the last session with TLS has seen it; zero if unknown.
	CertificateExpires time.Time
	// SilentSince is when the last message was recorded, if the mailbox used to have mail and has had none for an unusual
	// time although its polls go well; otherwise zero.
	SilentSince      time.Time
	ConfigurationXML []byte // Mailbox.ConfigurationXML
}

// Totals counts polls, and what became of their messages.
type Totals struct {
	Polls       int
	FailedPolls int // without those that a stop or a lost lease has ended
	Interrupted int // polls that a stop or a lost lease has ended

	Octets                                    int64 // of the messages that were recorded
	Listed                                    int
	Opened, Added, Refused, Ignored, SetAside int
	Known, Oversize, Failed, Deferred         int
	Unaccounted                               int // should be 0: the sum of Report.Unaccounted, without regard to its sign
}

// add adds a poll.
func (t *Totals) add(r Report) {
	t.Polls++
	switch {
	case isInterruption(r.Err):
		t.Interrupted++
	case r.Err != nil:
		t.FailedPolls++
	}
	t.Octets += r.Octets
	t.Listed += r.Listed
	t.Opened += r.Opened
	t.Added += r.Added
	t.Refused += r.Refused
	t.Ignored += r.Ignored
	t.SetAside += r.SetAside
	t.Known += r.Known
	t.Oversize += r.Oversize
	t.Failed += r.Failed
	t.Deferred += r.Deferred
	t.Unaccounted += max(r.Unaccounted(), -r.Unaccounted())
}

// plus adds other totals.
func (t *Totals) plus(o Totals) {
	t.Polls += o.Polls
	t.FailedPolls += o.FailedPolls
	t.Interrupted += o.Interrupted
	t.Octets += o.Octets
	t.Listed += o.Listed
	t.Opened += o.Opened
	t.Added += o.Added
	t.Refused += o.Refused
	t.Ignored += o.Ignored
	t.SetAside += o.SetAside
	t.Known += o.Known
	t.Oversize += o.Oversize
	t.Failed += o.Failed
	t.Deferred += o.Deferred
	t.Unaccounted += o.Unaccounted
}

// Status returns what the daemon knows about itself. It may be called at any time, by any goroutine, and waits for
// neither a poll nor the database.
func (d *Daemon) Status() Status {
	opts := d.options()
	d.mu.Lock()
	s := Status{
		At: opts.Now(), Holder: d.holder, StartedAt: d.startedAt, Live: d.running,
		Database: d.database, Totals: d.removed, ClockAhead: d.ahead, Configuration: slices.Clone(d.mistakes),
		Listen: d.listen,
	}
	paused := d.pauses()
	s.Ready = s.Live && opts.Store != nil && s.Database.Err == nil && !s.Database.Since.IsZero()
	s.Stopping = d.running && d.launch == nil
	workers := d.workers
	d.mu.Unlock()
	s.Sending = d.sender.status()
	for _, w := range workers {
		m := w.status(s.At)
		if paused && m.State == Waiting {
			m.State = Paused
		}
		if s.Stopping && (m.State == Polling || m.State == Queued) {
			m.State = Stopping
		}
		s.Mailboxes = append(s.Mailboxes, m)
		s.Totals.plus(m.Totals)
	}
	return s
}

// NoteListenCertificate notes with which certificate the daemon answers now, for the status; the zero value for none.
func (d *Daemon) NoteListenCertificate(c ListenCertificate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listen = c
}

// NoteConfiguration notes which configuration files have mistakes now, for the status. Those that it does not name have
// none any more. Since keeps its first value for as long as a file is named; where it is zero, it becomes the present.
func (d *Daemon) NoteConfiguration(problems []ConfigurationProblem) {
	now := d.options().Now()
	noted := slices.Clone(problems)
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range noted {
		p := &noted[i]
		if p.Since.IsZero() {
			p.Since = now
		}
		if was := slices.IndexFunc(d.mistakes, func(o ConfigurationProblem) bool { return o.File == p.File }); was >= 0 {
			p.Since = d.mistakes[was].Since
		}
	}
	d.mistakes = noted
}
