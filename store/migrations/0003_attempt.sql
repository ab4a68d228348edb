-- +goose Up
CREATE TABLE attempt (
	mailbox_id bigint      NOT NULL REFERENCES mailbox,
	key        text        NOT NULL CHECK (key <> ''),
	count      integer     NOT NULL CHECK (count >= 0),
	first_at   timestamptz NOT NULL,
	last_at    timestamptz NOT NULL CHECK (last_at >= first_at),
	reason     text        NOT NULL DEFAULT '',
	kept       boolean     NOT NULL DEFAULT false,
	PRIMARY KEY (mailbox_id, key)
);
COMMENT ON TABLE attempt IS 'Messages in a mailbox that could not be recorded so far and how often that was tried, and those that were recorded with a defect and are kept on the server.';
COMMENT ON COLUMN attempt.key IS 'The unique-id of the message or, where the server has none, its digest.';
COMMENT ON COLUMN attempt.kept IS 'The message was recorded with a defect at last_at; its mailbox keeps the original.';

ALTER TABLE mailbox
	ADD COLUMN recorded_at   timestamptz,
	ADD COLUMN working_since timestamptz,
	ADD COLUMN interruptions integer NOT NULL DEFAULT 0 CHECK (interruptions >= 0);
COMMENT ON COLUMN mailbox.recorded_at IS 'When a receipt was written last, by the clock of the database.';
COMMENT ON COLUMN mailbox.working_since IS 'Since when a daemon reads its messages, NULL while none does. What is still there at the next poll was left by a process that died.';
COMMENT ON COLUMN mailbox.interruptions IS 'How often a process died while it read the messages of this mailbox.';
