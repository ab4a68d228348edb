-- +goose Up
CREATE TABLE problem (
	id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind          text        NOT NULL CONSTRAINT problem_kind_check CHECK (kind IN ('unreachable', 'login', 'token', 'certificate', 'protocol',
		'login_delay', 'configuration', 'attachment_directory', 'disk', 'database', 'clock', 'message', 'loop', 'reply', 'smtp', 'silence', 'program')),
	source        text        NOT NULL CHECK (source <> ''),
	event_id      bigint      NOT NULL REFERENCES request,
	first_seen_at timestamptz NOT NULL,
	last_seen_at  timestamptz NOT NULL CHECK (last_seen_at >= first_seen_at),
	count         integer     NOT NULL DEFAULT 1 CHECK (count > 0),
	told          integer     NOT NULL DEFAULT 0 CHECK (told >= 0),
	tell_at       timestamptz,
	began         integer     NOT NULL DEFAULT 1 CHECK (began > 0),
	quiet_since   timestamptz,
	closed_at     timestamptz CHECK (closed_at >= first_seen_at)
);
COMMENT ON TABLE problem IS 'Troubles that the daemons have opened an event for, those that are over too. All times are by the clock of the database.';
COMMENT ON COLUMN problem.source IS 'What the problem is about: a server, a mailbox, a folder, a file, an address.';
COMMENT ON COLUMN problem.first_seen_at IS 'When the trouble began, which is before its event was opened.';
COMMENT ON COLUMN problem.count IS 'How often it was seen, as far as that is counted.';
COMMENT ON COLUMN problem.told IS 'How many activities have said that it lasts; tell_at is when the next one is due, NULL for never.';
COMMENT ON COLUMN problem.began IS 'How often the trouble began within an hour; quiet_since is when it was over last, NULL while it lasts.';
COMMENT ON COLUMN problem.closed_at IS 'When it was over, NULL while the problem is open.';
-- Two daemons that see the same trouble open one event.
CREATE UNIQUE INDEX problem_open ON problem (kind, source) WHERE closed_at IS NULL;
-- How often a trouble has returned lately.
CREATE INDEX problem_closed ON problem (kind, source, closed_at);
-- The problem of an event, when a person works on the event.
CREATE INDEX problem_event_id ON problem (event_id);

CREATE TABLE problem_mailbox (
	problem_id   bigint      NOT NULL REFERENCES problem ON DELETE CASCADE,
	mailbox_id   bigint      NOT NULL REFERENCES mailbox ON DELETE CASCADE,
	since        timestamptz NOT NULL,
	last_seen_at timestamptz NOT NULL,
	recovered_at timestamptz,
	told         boolean     NOT NULL DEFAULT false,
	detail       text        NOT NULL DEFAULT '',
	PRIMARY KEY (problem_id, mailbox_id)
);
COMMENT ON TABLE problem_mailbox IS 'The mailboxes that a problem keeps from being read, or has kept from it.';
COMMENT ON COLUMN problem_mailbox.last_seen_at IS 'When the daemon that polls the mailbox said so last. A mailbox that no daemon speaks about any more was removed.';
COMMENT ON COLUMN problem_mailbox.recovered_at IS 'When the mailbox was over it, NULL while it is not.';
COMMENT ON COLUMN problem_mailbox.told IS 'The event or one of its activities names the mailbox.';
COMMENT ON COLUMN problem_mailbox.detail IS 'The error of this mailbox, for a person.';
