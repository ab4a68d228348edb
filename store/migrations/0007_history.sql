-- +goose Up
-- All rows satisfy the wider list.
ALTER TABLE history
	DROP CONSTRAINT history_what_check,
	ADD CONSTRAINT history_what_check CHECK (what IN ('opened', 'activity_added', 'begun', 'returned', 'resolved', 'closed', 'processed', 'reopened'));
COMMENT ON COLUMN history.what IS 'begun: new to open or in progress; returned: back to new; resolved, closed, processed: to that state; reopened: from one of these.';
COMMENT ON COLUMN history.author_id IS 'The account of the daemon, or the person who changed the request.';
