-- +goose Up
-- All rows satisfy the wider list.
ALTER TABLE history
	DROP CONSTRAINT history_what_check,
	ADD CONSTRAINT history_what_check CHECK (what IN ('opened', 'activity_added', 'begun', 'returned', 'resolved', 'closed',
		'processed', 'reopened', 'assigned', 'replayed', 'discarded'));
COMMENT ON COLUMN history.what IS 'begun: new to open or in progress; returned: back to new; resolved, closed, processed: to that state; reopened: from one of these; assigned: to a person or group; replayed, discarded: a message that was set aside.';
