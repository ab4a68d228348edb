-- +goose Up
-- What an acceptance keeps up to date, in the same update as before, so that a daemon notices a mailbox that used to have mail.
ALTER TABLE mailbox
	ADD COLUMN mail_at     timestamptz,
	ADD COLUMN mail_days   integer  NOT NULL DEFAULT 0   CHECK (mail_days >= 0),
	ADD COLUMN longest_gap interval NOT NULL DEFAULT '0' CHECK (longest_gap >= '0');
UPDATE mailbox SET mail_at = recorded_at;
COMMENT ON COLUMN mailbox.mail_at IS 'When a message was recorded or set aside last, by the clock of the database.';
COMMENT ON COLUMN mailbox.mail_days IS 'On how many days (of UTC) that has happened, since the schema counts them.';
COMMENT ON COLUMN mailbox.longest_gap IS 'The longest time between two messages, such as a weekend. Each day with mail makes it 3 % shorter.';

ALTER TABLE lease ADD COLUMN watched_since timestamptz;
COMMENT ON COLUMN lease.watched_since IS 'Since when the mailbox has been polled well at least once in 25 hours: a silence before that may be the daemon''s own.';
