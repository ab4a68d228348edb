-- +goose Up
CREATE TABLE team (
	id                    bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name                  text    NOT NULL CHECK (name <> ''),
	address               text    NOT NULL DEFAULT '',
	sites_mandatory       boolean NOT NULL DEFAULT false,
	default_priority_id   bigint,
	service_desk_group_id bigint
);
CREATE UNIQUE INDEX team_name ON team (lower(name));
COMMENT ON TABLE team IS 'A separate configuration in one database: its own groups, priorities, sources and requests.';
COMMENT ON COLUMN team.address IS 'The address mail of this team is sent from and answers come back to.';
COMMENT ON COLUMN team.sites_mandatory IS 'Whether every incident of this team needs a site.';

CREATE TABLE site (
	id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text   NOT NULL CHECK (name <> '')
);
CREATE UNIQUE INDEX site_name ON site (lower(name));
COMMENT ON TABLE site IS 'A place users work at; shared by all teams.';

CREATE TABLE user_account (
	id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	logon   text   NOT NULL CHECK (logon <> ''),
	name    text   NOT NULL CHECK (name <> ''),
	site_id bigint REFERENCES site
);
CREATE UNIQUE INDEX user_account_logon ON user_account (lower(logon));
COMMENT ON TABLE user_account IS 'A person (or the account the daemon records as); shared by all teams.';

CREATE TABLE user_address (
	address text   PRIMARY KEY CHECK (address = lower(address) AND address <> ''),
	user_id bigint NOT NULL REFERENCES user_account ON DELETE CASCADE
);
CREATE INDEX user_address_user ON user_address (user_id);
COMMENT ON TABLE user_address IS 'The mail addresses of users, in lower case. An address belongs to one user; a user may have several.';

CREATE TABLE support_group (
	id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team_id bigint NOT NULL REFERENCES team,
	name    text   NOT NULL CHECK (name <> ''),
	UNIQUE (team_id, id)
);
CREATE UNIQUE INDEX support_group_name ON support_group (team_id, lower(name));
COMMENT ON TABLE support_group IS 'A group of a team that requests are assigned to.';

CREATE TABLE priority (
	id      bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team_id bigint  NOT NULL REFERENCES team,
	name    text    NOT NULL CHECK (name <> ''),
	rank    integer NOT NULL DEFAULT 0,
	UNIQUE (team_id, id)
);
CREATE UNIQUE INDEX priority_name ON priority (team_id, lower(name));
COMMENT ON TABLE priority IS 'A priority of a team; the lower the rank, the more urgent.';

CREATE TABLE source (
	id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team_id bigint NOT NULL REFERENCES team,
	name    text   NOT NULL CHECK (name <> ''),
	UNIQUE (team_id, id)
);
CREATE UNIQUE INDEX source_name ON source (team_id, lower(name));
COMMENT ON TABLE source IS 'How a request reached the service desk: Email, phone, ….';

ALTER TABLE team
	ADD FOREIGN KEY (id, default_priority_id)   REFERENCES priority (team_id, id),
	ADD FOREIGN KEY (id, service_desk_group_id) REFERENCES support_group (team_id, id);

CREATE TABLE mailbox (
	id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text   NOT NULL CHECK (name <> '')
);
CREATE UNIQUE INDEX mailbox_name ON mailbox (lower(name));
COMMENT ON TABLE mailbox IS 'A configured mailbox, by its name. Receipts belong to it: a mailbox that is renamed forgets what it has accepted.';

CREATE SEQUENCE request_number;

CREATE TABLE request (
	number         bigint      PRIMARY KEY DEFAULT nextval('request_number'),
	team_id        bigint      NOT NULL REFERENCES team,
	kind           text        NOT NULL CHECK (kind IN ('incident', 'service_request', 'event')),
	state          text        NOT NULL DEFAULT 'new',
	subject        text        NOT NULL CHECK (subject <> ''),
	body           text        NOT NULL DEFAULT '',
	html           text        NOT NULL DEFAULT '',
	requester_id   bigint      NOT NULL REFERENCES user_account,
	user_id        bigint      NOT NULL REFERENCES user_account,
	site_id        bigint      REFERENCES site,
	source_id      bigint,
	priority_id    bigint,
	group_id       bigint,
	assignee_id    bigint      REFERENCES user_account,
	linked_to      bigint      REFERENCES request,
	mailbox_id     bigint      REFERENCES mailbox,
	sender_name    text        NOT NULL DEFAULT '',
	sender_address text        NOT NULL DEFAULT '',
	sent_at        timestamptz,
	opened_at      timestamptz NOT NULL,
	opened_by_id   bigint      NOT NULL REFERENCES user_account,
	processed_at   timestamptz,
	FOREIGN KEY (team_id, source_id)   REFERENCES source (team_id, id),
	FOREIGN KEY (team_id, priority_id) REFERENCES priority (team_id, id),
	FOREIGN KEY (team_id, group_id)    REFERENCES support_group (team_id, id),
	CHECK (CASE kind
	       WHEN 'event' THEN state IN ('new', 'in_progress', 'processed')
	       ELSE state IN ('new', 'open', 'resolved', 'closed') END),
	CHECK ((processed_at IS NULL) = (state <> 'processed')),
	CHECK (linked_to <> number)
);
ALTER SEQUENCE request_number OWNED BY request.number;
COMMENT ON TABLE request IS 'An incident, a service request or an event. One number sequence for all, so that a number in a subject is unambiguous.';
COMMENT ON COLUMN request.opened_by_id IS 'The account named by Login, which records everything.';
COMMENT ON COLUMN request.sent_at IS 'Date of the message, NULL when it had none that could be read.';

CREATE TABLE participant (
	request bigint NOT NULL REFERENCES request ON DELETE CASCADE,
	user_id bigint REFERENCES user_account,
	address text   CHECK (address = lower(address) AND address <> ''),
	CHECK ((user_id IS NULL) <> (address IS NULL))
);
CREATE UNIQUE INDEX participant_user    ON participant (request, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX participant_address ON participant (request, address) WHERE address IS NOT NULL;
COMMENT ON TABLE participant IS 'Who took part in a request beside its requester, user and assignee, and may follow up: a user, or an address nobody is known by.';

CREATE TABLE activity (
	id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	request        bigint      NOT NULL REFERENCES request,
	body           text        NOT NULL DEFAULT '',
	html           text        NOT NULL DEFAULT '',
	subject        text        NOT NULL DEFAULT '',
	sender_id      bigint      REFERENCES user_account,
	sender_name    text        NOT NULL DEFAULT '',
	sender_address text        NOT NULL DEFAULT '',
	sent_at        timestamptz,
	flagged        boolean     NOT NULL DEFAULT false,
	recorded_at    timestamptz NOT NULL,
	recorded_by_id bigint      NOT NULL REFERENCES user_account,
	UNIQUE (request, id)
);
COMMENT ON TABLE activity IS 'An entry on a request.';
COMMENT ON COLUMN activity.flagged IS 'The sender had no part in the request: a person should look.';

CREATE TABLE history (
	id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	request     bigint      NOT NULL REFERENCES request,
	activity_id bigint,
	at          timestamptz NOT NULL,
	author_id   bigint      NOT NULL REFERENCES user_account,
	what        text        NOT NULL CHECK (what IN ('opened', 'activity_added', 'reopened', 'processed')),
	reason      text        NOT NULL,
	detail      text        NOT NULL DEFAULT '',
	FOREIGN KEY (request, activity_id) REFERENCES activity (request, id)
);
CREATE INDEX history_request ON history (request);
COMMENT ON TABLE history IS 'What was done to a request, when, by whom and why.';

CREATE TABLE attachment (
	id          bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	request     bigint  NOT NULL REFERENCES request,
	activity_id bigint,
	position    integer NOT NULL,
	name        text    NOT NULL CHECK (name <> ''),
	media_type  text    NOT NULL,
	octets      bigint  NOT NULL CHECK (octets >= 0),
	sha256      bytea   NOT NULL CHECK (octet_length(sha256) = 32),
	content_id  text    NOT NULL DEFAULT '',
	inline      boolean NOT NULL DEFAULT false,
	raw         boolean NOT NULL DEFAULT false,
	FOREIGN KEY (request, activity_id) REFERENCES activity (request, id)
);
CREATE INDEX attachment_request ON attachment (request);
CREATE INDEX attachment_sha256 ON attachment (sha256);
COMMENT ON TABLE attachment IS 'What was attached to a request or activity. The octets lie in the attachment directory under their SHA-256.';
COMMENT ON COLUMN attachment.raw IS 'The message itself, as it was received.';

CREATE TABLE thread (
	message_id text   NOT NULL CHECK (message_id <> ''),
	request    bigint NOT NULL REFERENCES request ON DELETE CASCADE,
	via        text   NOT NULL CHECK (via IN ('seen', 'sent', 'referenced')),
	PRIMARY KEY (message_id, request)
);
CREATE INDEX thread_request ON thread (request);
COMMENT ON TABLE thread IS 'Which requests a Message-ID belongs to: of messages seen, of messages sent, and of those that a message seen refers to.';

CREATE TABLE receipt (
	mailbox_id   bigint      NOT NULL REFERENCES mailbox,
	digest       bytea       NOT NULL CHECK (octet_length(digest) = 32),
	uidl         text        NOT NULL DEFAULT '',
	message_id   text        NOT NULL DEFAULT '',
	octets       bigint      NOT NULL CHECK (octets >= 0),
	outcome      text        NOT NULL CHECK (outcome IN ('opened', 'added', 'refused', 'ignored', 'set_aside')),
	reason       text        NOT NULL,
	request      bigint      REFERENCES request,
	activity_id  bigint,
	raw_kept     boolean     NOT NULL DEFAULT false,
	accepted_at  timestamptz NOT NULL,
	last_seen_at timestamptz NOT NULL,
	times_seen   integer     NOT NULL DEFAULT 1,
	PRIMARY KEY (mailbox_id, digest),
	FOREIGN KEY (request, activity_id) REFERENCES activity (request, id),
	CHECK ((outcome IN ('refused', 'ignored')) = (request IS NULL)),
	CHECK ((outcome = 'added') = (activity_id IS NOT NULL)),
	CHECK (raw_kept OR outcome IN ('opened', 'added'))
);
CREATE INDEX receipt_uidl ON receipt (mailbox_id, uidl);
CREATE INDEX receipt_request ON receipt (request);
COMMENT ON TABLE receipt IS 'Proof that a message was accepted. The digest, not the UIDL, makes it the same message: RFC 1939 section 7 lets a unique-id return.';
COMMENT ON COLUMN receipt.digest IS 'SHA-256 of the raw octets.';
COMMENT ON COLUMN receipt.raw_kept IS 'Whether the raw octets lie in the attachment directory under the digest.';
COMMENT ON COLUMN receipt.times_seen IS 'How often the message was retrieved; more than once when its deletion did not take effect.';

CREATE TABLE set_aside (
	id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	mailbox_id bigint      NOT NULL,
	digest     bytea       NOT NULL,
	event      bigint      NOT NULL REFERENCES request,
	reason     text        NOT NULL,
	detail     text        NOT NULL DEFAULT '',
	at         timestamptz NOT NULL,
	UNIQUE (mailbox_id, digest),
	FOREIGN KEY (mailbox_id, digest) REFERENCES receipt (mailbox_id, digest)
);
COMMENT ON TABLE set_aside IS 'Messages that could not be recorded as what they are. Kept whole; the event carries the original.';

CREATE INDEX request_team_state ON request (team_id, state);
CREATE INDEX activity_request ON activity (request);
