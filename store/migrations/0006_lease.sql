-- +goose Up
CREATE TABLE daemon (
	id            uuid        PRIMARY KEY,
	host          text        NOT NULL,
	process       bigint      NOT NULL,
	version       text        NOT NULL,
	is_single_run boolean     NOT NULL,
	started_at    timestamptz NOT NULL DEFAULT now(),
	alive_until   timestamptz NOT NULL
);
COMMENT ON TABLE daemon IS 'Programs that poll mailboxes. One that stops in order removes its row.';
COMMENT ON COLUMN daemon.is_single_run IS 'The program polls its mailboxes once and ends.';
COMMENT ON COLUMN daemon.alive_until IS 'All leases of the daemon end then, by the clock of the database, unless the daemon renews them here before.';

-- The leases have rows of their own, because acceptances lock the rows of mailboxes and update them often. Their pages keep
-- room for another version of each row: no index is changed by a poll.
CREATE TABLE lease (
	mailbox_id    bigint      PRIMARY KEY REFERENCES mailbox ON DELETE CASCADE,
	holder_id     uuid        REFERENCES daemon ON DELETE SET NULL,
	free_since    timestamptz,
	wanted_by_id  uuid,
	due_at        timestamptz,
	not_before    timestamptz,
	polled_at     timestamptz,
	succeeded_at  timestamptz,
	backlog       integer     NOT NULL DEFAULT 0 CHECK (backlog >= 0),
	problem       text        NOT NULL DEFAULT '',
	cause         text        NOT NULL DEFAULT '',
	problem_since timestamptz,
	CONSTRAINT lease_problem_check CHECK ((problem = '') = (problem_since IS NULL) AND (problem <> '' OR cause = ''))
) WITH (fillfactor = 50);
COMMENT ON TABLE lease IS 'Which daemon polls a mailbox, and what it has reported about the last poll. All times are by the clock of the database.';
COMMENT ON COLUMN lease.holder_id IS 'The daemon that polls the mailbox until its alive_until; afterwards any daemon may take the lease.';
COMMENT ON COLUMN lease.free_since IS 'When the last holder gave the lease back.';
COMMENT ON COLUMN lease.wanted_by_id IS 'A daemon with fewer mailboxes that asks the holder for this one. It means nothing once that daemon is gone.';
COMMENT ON COLUMN lease.due_at IS 'When the next poll is due, whichever daemon makes it.';
COMMENT ON COLUMN lease.not_before IS 'The mail server refuses a log-in before that time (LOGIN-DELAY, RFC 2449 section 6.5).';
COMMENT ON COLUMN lease.backlog IS 'Messages that the last poll saw and left on the server without recording them.';
COMMENT ON COLUMN lease.problem IS 'What went wrong with the last poll, empty if nothing did; cause is its class.';
INSERT INTO lease (mailbox_id) SELECT id FROM mailbox;

ALTER TABLE mailbox ADD COLUMN worker_id uuid,
	ADD CONSTRAINT mailbox_worker_check CHECK (worker_id IS NULL OR working_since IS NOT NULL);
COMMENT ON COLUMN mailbox.worker_id IS 'The run of a program that reads the messages of the mailbox since working_since.';
