-- +goose Up
-- Defaults that are constants rewrite no table, and a constraint that is NOT VALID reads none: no older row has from_own.
ALTER TABLE request ADD COLUMN from_own boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN request.from_own IS 'The message came from an address of our own: a loop, a forgery, or somebody who writes with it.';
ALTER TABLE activity
	ADD COLUMN from_own boolean NOT NULL DEFAULT false,
	ADD CONSTRAINT activity_from_own_check CHECK (flagged OR NOT from_own) NOT VALID;
COMMENT ON COLUMN activity.from_own IS 'The message came from an address of our own: a loop, a forgery, or somebody who writes with it. A person should check it.';

ALTER TABLE mailbox
	ADD COLUMN team_id      bigint REFERENCES team ON DELETE SET NULL,
	ADD COLUMN delivered_to text NOT NULL DEFAULT '' CHECK (delivered_to = lower(delivered_to));
COMMENT ON COLUMN mailbox.team_id IS 'The team that the newest message was recorded for.';
COMMENT ON COLUMN mailbox.delivered_to IS 'The address to which the mail server delivered the newest message that says so (Delivered-To): mail from it is mail from ourselves.';

-- Every request of an older version has the address of the service desk as a participant, since people write to it.
DELETE FROM participant AS p USING request AS r, team AS t
	WHERE r.number = p.request_id AND t.id = r.team_id AND p.address = lower(t.address);
COMMENT ON TABLE participant IS 'Who took part in a request beside its requester, user and assignee, and may follow up: a user, or an address nobody is known by. Never an address of our own.';
