package monitor

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// kind is the type of a metric, by Prometheus' names.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// metric describes a metric: for Prometheus, and for deploy/metrics.md.
type metric struct {
	name   string
	kind   kind
	unit   string // of the value, for a person
	labels []string
	help   string // what it counts or tells
	do     string // what a person does about it, "" for nothing
}

// The values of the labels. The names of mailboxes, which is the only other label that may grow, come from the configuration.
var (
	outcomes   = []string{"opened", "added", "refused", "ignored", "set_aside", "known", "oversize", "failed", "deferred"}
	results    = []string{"good", "failed", "interrupted"}
	accounts   = []string{"usable", "failing"}
	quantities = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300} // seconds, of the classic histograms
)

// The metrics of mailboxes and their mail.
var (
	messages = metric{
		"mailintegration_messages_total", counter, "messages", []string{"mailbox", "outcome"},
		"What became of the messages that polls of this daemon have listed. Recorded now: opened, added, refused, ignored, set_aside. Recorded " +
			"before: known. Still in the mailbox: oversize, failed, deferred; these are counted at each poll.",
		"Read the events of messages that were set aside, or are too large. Where failed grows, read the log: it says why.",
	}
	listed = metric{
		"mailintegration_listed_messages_total", counter, "messages", []string{"mailbox"},
		"Messages that polls have listed. It is the sum of mailintegration_messages_total over its outcomes.", "",
	}
	unaccounted = metric{
		"mailintegration_unaccounted_messages_total", counter, "messages", []string{"mailbox"},
		"By how many messages the sum of the outcomes differs from what a poll has listed. It is always 0.",
		"It is a bug: report it, with the log line \"poll does not add up\". No unrecorded message was deleted.",
	}
	octets = metric{
		"mailintegration_recorded_bytes_total", counter, "octets", []string{"mailbox"},
		"Raw octets of the messages that were recorded.", "",
	}
	polls = metric{
		"mailintegration_polls_total", counter, "polls", []string{"mailbox", "result"},
		"Polls of this daemon: good, failed, or interrupted by a stop, by another daemon or by an outage of the database.",
		"Where failed grows, mailintegration_mailbox_problem has the cause.",
	}
	lastPoll = metric{
		"mailintegration_last_poll_timestamp_seconds", gauge, "seconds since 1970", []string{"mailbox"},
		"When the last poll of this daemon ended. It is missing before the first one.", "",
	}
	lastGoodPoll = metric{
		"mailintegration_last_good_poll_timestamp_seconds", gauge, "seconds since 1970", []string{"mailbox"},
		"When the last poll of this daemon that went well ended. It is missing before the first one. With several daemons, take the maximum.",
		"Mail waits on its server since then. Read what mailbox list says of the mailbox.",
	}
	mailboxProblem = metric{
		"mailintegration_mailbox_problem", gauge, "1", []string{"mailbox", "cause"},
		"1 for each mailbox of this daemon whose last poll failed, with the cause. It is missing while polls go well.",
		"Read the event about it, which says what to do: mailintegration status has its number.",
	}
	backlog = metric{
		"mailintegration_backlog_messages", gauge, "messages", []string{"mailbox"},
		"Messages that are on the server and not recorded, as the last poll of the daemon that polls the mailbox has seen it.",
		"If it grows for long, polls fail or mail comes faster than it is recorded: compare the durations.",
	}
	leaseHeld = metric{
		"mailintegration_lease_held", gauge, "1 or 0", []string{"mailbox"},
		"1 if this daemon polls the mailbox, 0 if another one does or none. Over all daemons, each mailbox has the sum 1.",
		"A sum of 0 for more than a minute: no daemon polls the mailbox, for example while the database is down.",
	}
	certificate = metric{
		"mailintegration_certificate_expiry_timestamp_seconds", gauge, "seconds since 1970", []string{"mailbox"},
		"When the certificate of the mail server ends, as the last session has seen it. It is missing without TLS.",
		"Have the certificate renewed on the mail server.",
	}
	listenCertificate = metric{
		"mailintegration_listen_certificate_expiry_timestamp_seconds", gauge, "seconds since 1970", nil,
		"When the certificate ends with which this daemon answers. It is missing without TLS.",
		"Renew the certificate, and write it into the file that ListenCertificate names.",
	}
)

// The durations, as native and as classic histograms.
var (
	pollDuration = metric{
		"mailintegration_poll_duration_seconds", histogram, "seconds", nil,
		"How long polls took, from their turn to their end, with the time that they waited for a slot.",
		"Slow polls with fast parses and commits: a mail server is slow.",
	}
	parseDuration = metric{"mailintegration_parse_duration_seconds", histogram, "seconds", nil, "How long it took to parse a message.", ""}

	commitDuration = metric{
		"mailintegration_commit_duration_seconds", histogram, "seconds", nil,
		"How long it took to record a batch of messages, from the first statement to the answer to COMMIT, attachments included.",
		"Slow commits: the database, or the share of the attachments, is slow.",
	}
)

// The metrics of the daemon, its database and its configuration.
var (
	liveness = metric{
		"mailintegration_live", gauge, "1 or 0", nil, "1 if each part of the daemon makes progress, as /livez says.", "Restart the daemon, and report this with its log.",
	}
	readiness = metric{
		"mailintegration_ready", gauge, "1 or 0", nil, "1 if mail can be recorded, as /readyz says.", "Ask /readyz for the reason.",
	}
	databaseUsable = metric{
		"mailintegration_database_usable", gauge, "1 or 0", nil, "1 if the database has answered the last beat, which comes every 5 s.",
		"Run mailintegration check. Mail waits on its servers.",
	}
	databaseFigures = metric{
		"mailintegration_database_figures_success", gauge, "1 or 0", nil,
		"1 if the database has said how many problems are open and how many mails wait. These metrics are missing otherwise.", "",
	}
	mailboxes = metric{
		"mailintegration_mailboxes", gauge, "mailboxes", []string{"state"}, "Mailboxes by what this daemon does with them.", "",
	}
	openProblems = metric{
		"mailintegration_open_problems", gauge, "problems", []string{"kind"},
		"Troubles that a daemon has opened an event for and that are not over, of all daemons of the database. Counted up to 10,000, at most every 15 s.",
		"Read their events: mailintegration status lists them, event show says what to do.",
	}
	outboxMessages = metric{
		"mailintegration_outbox_messages", gauge, "mails", nil, "Mails of the outbox that wait to be sent, of all daemons. Counted up to 10,000, at most every 15 s.", "",
	}
	outboxAge = metric{
		"mailintegration_outbox_oldest_age_seconds", gauge, "seconds", nil, "How long the mail of the outbox that has waited longest waits; 0 if none waits.",
		"Read the event about the SMTP server; mailintegration check tries to log in there.",
	}
	sendingAccounts = metric{
		"mailintegration_sending_accounts", gauge, "accounts", []string{"state"},
		"Accounts through which this daemon sends mail: failing since their last attempt, or usable.", "Read the event about the SMTP server.",
	}
	clockAhead = metric{
		"mailintegration_clock_ahead_seconds", gauge, "seconds", nil,
		"How much the clock of this machine is ahead of the database's; negative if it is behind. It is 0 while the database has not answered " +
			"yet, and while the difference is less than its answer took.",
		"Synchronise both clocks (NTP).",
	}
	reloadSuccessful = metric{
		"mailintegration_configuration_last_reload_successful", gauge, "1 or 0", nil,
		"1 if the configuration was without a mistake when it was read last. With a mistake the daemon goes on with what it has.",
		"Run mailintegration check: it says where the mistakes are.",
	}
	reloadTime = metric{
		"mailintegration_configuration_last_reload_success_timestamp_seconds", gauge, "seconds since 1970", nil,
		"When the configuration was read last without a mistake. It is missing before.", "",
	}
	mistakenFiles = metric{
		"mailintegration_configuration_mistaken_files", gauge, "files", nil, "Files of the configuration that have mistakes now.",
		"Run mailintegration check: it says where the mistakes are.",
	}
	configurationInfo = metric{
		"mailintegration_configuration_info", gauge, "1", []string{"hash"},
		"1, with a hash of the configuration in force, without its secrets: whether two daemons have the same, and when it has changed.", "",
	}
	buildInfo = metric{
		"mailintegration_build_info", gauge, "1", []string{"version", "revision", "goversion"}, "1, with the version of the program, its revision and that of Go.", "",
	}
)

// sampled are the metrics that a scrape computes from the state of the daemon, in the order of the document.
var sampled = []*metric{
	&messages, &listed, &unaccounted, &octets, &polls, &lastPoll, &lastGoodPoll, &mailboxProblem, &backlog, &leaseHeld, &certificate, &listenCertificate,
	&liveness, &readiness, &databaseUsable, &databaseFigures, &mailboxes, &openProblems, &outboxMessages, &outboxAge, &sendingAccounts,
	&clockAhead, &reloadSuccessful, &reloadTime, &mistakenFiles, &configurationInfo, &buildInfo,
}

// measured are the metrics that a Meter keeps.
var measured = []*metric{&pollDuration, &parseDuration, &commitDuration}

// allMetrics returns every metric, in the order of the document.
func allMetrics() []*metric { return slices.Concat(sampled, measured) }

// describe returns the description of a metric for Prometheus.
func (m *metric) describe() *prometheus.Desc {
	return prometheus.NewDesc(m.name, m.help, m.labels, nil)
}

// valueType returns the type of the samples of a metric that is no histogram.
func (m *metric) valueType() prometheus.ValueType {
	if m.kind == counter {
		return prometheus.CounterValue
	}
	return prometheus.GaugeValue
}
