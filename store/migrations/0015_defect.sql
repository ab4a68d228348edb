-- +goose Up
-- An address may look like somebody else's: who reads the request must see that, and not only who asks explain.
ALTER TABLE request  ADD COLUMN defects text[] NOT NULL DEFAULT '{}';
ALTER TABLE activity ADD COLUMN defects text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN request.defects IS 'What is wrong with the message behind the request, or makes its author look like another, as explain says it.';
COMMENT ON COLUMN activity.defects IS 'What is wrong with the message behind the activity, or makes its author look like another, as explain says it.';
