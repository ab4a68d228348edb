-- +goose Up
CREATE TABLE attempt (
	mailbox_id bigint      NOT NULL REFERENCES mailbox,
	key        text        NOT NULL CHECK (key <> ''),
	count      integer     NOT NULL CHECK (count >= 0),
	first_at   timestamptz NOT NULL,
	last_at    timestamptz NOT NULL CHECK (last_at >= first_at),
	kind       text        NOT NULL DEFAULT '' CHECK (kind IN ('', 'retrieve', 'short', 'in_hand', 'record')),
	reason     text        NOT NULL DEFAULT '',
	kept       boolean     NOT NULL DEFAULT false,
	PRIMARY KEY (mailbox_id, key)
);
COMMENT ON TABLE attempt IS 'Messages in a mailbox that could not be recorded so far and how often that was tried, and those that were recorded with a defect and are kept on the server.';
COMMENT ON COLUMN attempt.key IS 'The unique-id of the message or, where the server has none, its digest.';
COMMENT ON COLUMN attempt.kind IS 'What went wrong; count is of attempts of one kind in a row.';
COMMENT ON COLUMN attempt.kept IS 'The message was recorded with a defect at last_at; its mailbox keeps the original.';

ALTER TABLE mailbox
	ADD COLUMN recorded_at   timestamptz,
	ADD COLUMN working_since timestamptz,
	ADD COLUMN interruptions integer NOT NULL DEFAULT 0 CHECK (interruptions >= 0);
COMMENT ON COLUMN mailbox.recorded_at IS 'When a receipt was written last, by the clock of the database.';
COMMENT ON COLUMN mailbox.working_since IS 'Since when a daemon reads its messages, NULL while none does. What is still there at the next poll was left by a process that died.';
COMMENT ON COLUMN mailbox.interruptions IS 'How often a process died while it read the messages of this mailbox.';

-- A Message-ID may lead to very many requests. The index has the order in which they are asked for, so that a look-up
-- reads one row of its team.
ALTER TABLE request ADD CONSTRAINT request_team_number UNIQUE (team_id, number);
ALTER TABLE thread ADD COLUMN team_id bigint;
UPDATE thread SET team_id = request.team_id FROM request WHERE request.number = thread.request;
ALTER TABLE thread
	ALTER COLUMN team_id SET NOT NULL,
	DROP CONSTRAINT thread_request_fkey,
	ADD CONSTRAINT thread_request_fkey FOREIGN KEY (team_id, request) REFERENCES request (team_id, number) ON UPDATE CASCADE ON DELETE CASCADE;
CREATE INDEX thread_lookup ON thread (message_id, team_id, (via = 'referenced'), request DESC);
COMMENT ON COLUMN thread.team_id IS 'The team of the request.';

ALTER TABLE receipt
	ADD COLUMN listed      bigint NOT NULL DEFAULT 0 CHECK (listed >= 0),
	ADD COLUMN is_listed   boolean NOT NULL DEFAULT false,
	ADD COLUMN body_digest bytea CHECK (octet_length(body_digest) = 32);
COMMENT ON COLUMN receipt.is_listed IS 'Where the mailbox leaves messages on the server: the last listing had the unique-id. One that comes back may be another message.';
COMMENT ON COLUMN receipt.listed IS 'Octets of the message as the server listed it when it was met last, 0 when they are not known.';
COMMENT ON COLUMN receipt.body_digest IS 'SHA-256 of the octets after the header section, where the mailbox leaves messages on the server: some servers change header fields.';
COMMENT ON COLUMN receipt.last_seen_at IS 'When the message was met last, by the clock of the database: receipts are purged by it.';
-- For the purge, and for the collector of files that no row names.
CREATE INDEX receipt_last_seen ON receipt (last_seen_at);
CREATE INDEX receipt_listed ON receipt (mailbox_id) WHERE is_listed;
CREATE INDEX receipt_raw ON receipt (digest) WHERE raw_kept;
