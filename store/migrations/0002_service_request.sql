-- +goose Up
CREATE TABLE service_request_type (
	id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team_id     bigint NOT NULL REFERENCES team,
	name        text   NOT NULL CHECK (name <> ''),
	priority_id bigint,
	group_id    bigint,
	UNIQUE (team_id, id),
	FOREIGN KEY (team_id, priority_id) REFERENCES priority (team_id, id),
	FOREIGN KEY (team_id, group_id)    REFERENCES support_group (team_id, id)
);
CREATE UNIQUE INDEX service_request_type_name ON service_request_type (team_id, lower(name));
COMMENT ON TABLE service_request_type IS 'What users of a team can ask for, with the priority and group that such a service request has by default.';

ALTER TABLE request
	ADD COLUMN type_id bigint,
	ADD COLUMN due_at  timestamptz,
	ADD FOREIGN KEY (team_id, type_id) REFERENCES service_request_type (team_id, id),
	ADD CONSTRAINT request_type_kind CHECK (type_id IS NULL OR kind = 'service_request');
COMMENT ON COLUMN request.type_id IS 'Of a service request, NULL when it continues one and nobody has said its type.';

CREATE TABLE request_field (
	request  bigint  NOT NULL REFERENCES request ON DELETE CASCADE,
	position integer NOT NULL,
	name     text    NOT NULL CHECK (name <> ''),
	value    text    NOT NULL DEFAULT '',
	PRIMARY KEY (request, position)
);
COMMENT ON TABLE request_field IS 'The fields of a form that a service request was asked for by, beside those that are columns of request, in their order.';

CREATE INDEX user_account_name ON user_account (lower(name));

ALTER TABLE receipt ADD COLUMN detail text NOT NULL DEFAULT '';
COMMENT ON COLUMN receipt.detail IS 'Why the message was refused or ignored, for people; of the other outcomes the history and set_aside tell.';

-- By the mailbox first, PostgreSQL could take it for look-ups by digest as long as it has no statistics, and read all
-- receipts of the mailbox.
DROP INDEX receipt_uidl;
CREATE INDEX receipt_uidl ON receipt (uidl, mailbox_id);
