package monitor

import (
	"crypto/x509"
	"fmt"
	"time"

	"mailintegration/daemon"
)

// State says in a word how the daemon is. The words are stable.
type State string

// The states. Those of /livez are Live and Stuck; /readyz has the others, and Stuck.
const (
	Live                State = "live"
	Ready               State = "ready"
	Starting            State = "starting"
	Database            State = "database"
	AttachmentDirectory State = "attachment_directory"
	Schema              State = "schema"
	Stopping            State = "stopping"
	Stuck               State = "stuck"
)

// Health is an answer about the daemon's health. It tells no mail.
type Health struct {
	State   State      `json:"state"`
	OK      bool       `json:"ok"`
	Reason  string     `json:"reason"` // for a person
	Since   *time.Time `json:"since,omitempty"`
	Version string     `json:"version"`

	Certificate *x509.Certificate `json:"-"` // of Ask: the one with which the monitor answered, nil without TLS
}

// String returns the health in a line.
func (h Health) String() string { return string(h.State) + ": " + h.Reason }

// live returns whether the daemon makes progress. What it waits for, such as a database that is down, is no reason to restart it.
func (m *Monitor) live() Health {
	seen := m.inspector.look()
	if seen.stuck != nil {
		return m.health(Stuck, seen.stuck.Error(), time.Time{})
	}
	return m.health(Live, "the daemon makes progress; "+readyPath+" tells whether it can record mail", time.Time{})
}

// ready returns whether the daemon can record mail.
func (m *Monitor) ready() Health {
	seen := m.inspector.look()
	state := readyState(seen)
	switch state {
	case Stuck:
		return m.health(state, seen.stuck.Error(), time.Time{})
	case Stopping:
		return m.health(state, "the daemon ends: the messages in hand are finished, and all other mail waits on its servers", time.Time{})
	case Ready:
		return m.health(state, seen.status.Sentence(), time.Time{})
	case Starting:
		return m.health(state, "the daemon opens its database", seen.status.StartedAt)
	}
	return m.health(state, unreadyReasons[state]+"; mail waits on its servers", seen.status.Database.Since)
}

// readyState returns the state that /readyz tells.
func readyState(seen inspection) State {
	s := seen.status
	switch {
	case seen.stuck != nil:
		return Stuck
	case s.Stopping || !s.Live && !s.StartedAt.IsZero():
		return Stopping
	case s.Ready:
		return Ready
	case s.Database.Err == nil:
		return Starting
	}
	return unready(s.Database.Cause)
}

// isWell reports whether a state is that of a daemon that is well.
func isWell(s State) bool { return s == Live || s == Ready }

// unready returns the state of a daemon that cannot use its database, by the cause.
func unready(c daemon.Cause) State {
	switch c {
	case daemon.CauseSchema:
		return Schema
	case daemon.CauseAttachmentDirectory:
		return AttachmentDirectory
	}
	return Database
}

// unreadyReasons say why no mail can be recorded. They leave out the error, which names hosts and accounts: the log has it.
var unreadyReasons = map[State]string{
	Database:            "the database cannot be used",
	Schema:              "the schema of the database is for another version of the program",
	AttachmentDirectory: "the attachment directory cannot be used",
}

// health returns a state, with the time since when it lasts if that is known.
func (m *Monitor) health(state State, reason string, since time.Time) Health {
	h := Health{State: state, OK: isWell(state), Reason: reason, Version: m.version}
	if !since.IsZero() {
		h.Since = &since
		h.Reason = fmt.Sprintf("%s (since %s)", reason, since.Format(time.DateTime))
	}
	return h
}
