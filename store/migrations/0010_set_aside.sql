-- +goose Up
-- All rows satisfy the wider list.
ALTER TABLE history
	DROP CONSTRAINT history_what_check,
	ADD CONSTRAINT history_what_check CHECK (what IN ('opened', 'activity_added', 'begun', 'returned', 'resolved', 'closed',
		'processed', 'reopened', 'assigned', 'replayed', 'discarded'));
COMMENT ON COLUMN history.what IS 'begun: new to open or in progress; returned: back to new; resolved, closed, processed: to that state; reopened: from one of these; assigned: to a person or group; replayed, discarded: a message that was set aside.';

-- A message that was set aside for the same reason as an earlier one is an activity on the event of that one. What became of
-- a message stays here as long as its receipt.
ALTER TABLE set_aside
	ADD COLUMN activity_id    bigint,
	ADD COLUMN subject        text        NOT NULL DEFAULT '',
	ADD COLUMN sender_name    text        NOT NULL DEFAULT '',
	ADD COLUMN sender_address text        NOT NULL DEFAULT '',
	ADD COLUMN state          text        NOT NULL DEFAULT 'waiting',
	ADD COLUMN settled_at     timestamptz,
	ADD COLUMN settled_by_id  bigint      REFERENCES user_account,
	ADD COLUMN remark         text        NOT NULL DEFAULT '',
	ADD FOREIGN KEY (event_id, activity_id) REFERENCES activity (request_id, id),
	ADD CONSTRAINT set_aside_state_check CHECK (state IN ('waiting', 'replayed', 'discarded')
		AND (state = 'waiting') = (settled_at IS NULL) AND (state = 'waiting') = (settled_by_id IS NULL)),
	DROP CONSTRAINT set_aside_mailbox_id_digest_fkey,
	ADD CONSTRAINT set_aside_mailbox_id_digest_fkey FOREIGN KEY (mailbox_id, digest) REFERENCES receipt (mailbox_id, digest) ON DELETE CASCADE;
COMMENT ON TABLE set_aside IS 'Messages that could not be recorded as what they are, also those that were replayed or discarded since. The event, or its activity, carries the original.';
COMMENT ON COLUMN set_aside.activity_id IS 'The activity on the event that carries the message, NULL if the event itself carries it.';
COMMENT ON COLUMN set_aside.subject IS 'Of the message, as are sender_name and sender_address; empty where nothing could be parsed.';
COMMENT ON COLUMN set_aside.state IS 'waiting; replayed: recorded after all, as its receipt says; discarded: a person decided that it is not recorded. Its octets are kept.';
COMMENT ON COLUMN set_aside.settled_at IS 'When it was replayed or discarded, by settled_by_id; remark is the reason.';
-- The messages of an event, to see whether all of them are settled.
CREATE INDEX set_aside_event_id ON set_aside (event_id);
-- The few that wait, among all that ever did.
CREATE INDEX set_aside_waiting ON set_aside (id) WHERE state = 'waiting';
