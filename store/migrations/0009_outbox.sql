-- +goose Up
-- The language of a person or a team: the primary subtag of BCP 47, such as en or fr; empty if nobody has said.
ALTER TABLE team ADD COLUMN language text NOT NULL DEFAULT '',
	ADD CONSTRAINT team_language_check CHECK (language ~ '^([a-z]{2,3})?$');
COMMENT ON COLUMN team.language IS 'The language of mail to people whose language is not known: two or three small letters, such as en or fr; empty for English.';
ALTER TABLE user_account ADD COLUMN language text NOT NULL DEFAULT '',
	ADD CONSTRAINT user_account_language_check CHECK (language ~ '^([a-z]{2,3})?$');
COMMENT ON COLUMN user_account.language IS 'The language of mail to this user: two or three small letters, such as en or fr; empty if it is not known.';

CREATE TABLE outbox (
	id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind           text        NOT NULL CHECK (kind IN ('denied', 'acknowledgement', 'closed', 'new_event')),
	team_id        bigint      NOT NULL REFERENCES team,
	mailbox_id     bigint      REFERENCES mailbox,
	request_id     bigint,
	message_id     text        NOT NULL CHECK (message_id <> ''),
	to_name        text        NOT NULL DEFAULT '',
	to_address     text        NOT NULL CHECK (to_address <> ''),
	language       text        NOT NULL DEFAULT '',
	subject        text        NOT NULL DEFAULT '',
	written_at     timestamptz,
	opens_requests boolean     NOT NULL DEFAULT false,
	in_reply_to    text        NOT NULL DEFAULT '',
	refers_to      text[]      NOT NULL DEFAULT '{}',
	queued_at      timestamptz NOT NULL DEFAULT now(),
	due_at         timestamptz,
	attempts       integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
	last_error     text        NOT NULL DEFAULT '',
	sent_at        timestamptz,
	given_up_at    timestamptz,
	stopped_at     timestamptz,
	CONSTRAINT outbox_request_id_fkey FOREIGN KEY (team_id, request_id) REFERENCES request (team_id, number) ON UPDATE CASCADE,
	CONSTRAINT outbox_request_check CHECK (request_id IS NOT NULL OR kind = 'denied'),
	CONSTRAINT outbox_state_check CHECK (num_nonnulls(due_at, sent_at, given_up_at, stopped_at) = 1)
);
COMMENT ON TABLE outbox IS 'Mail to send, written in the transaction of the message or event that it is about, and sent after it at least once.';
COMMENT ON COLUMN outbox.mailbox_id IS 'The mailbox whose account sends the mail, NULL for the account of the service.';
COMMENT ON COLUMN outbox.request_id IS 'The request that the mail is about, NULL if it is about none.';
COMMENT ON COLUMN outbox.message_id IS 'The Message-ID of the mail, the same at each attempt; thread has it too, so that an answer finds the request.';
COMMENT ON COLUMN outbox.subject IS 'The subject of the message that is answered, without reply prefixes and the number of a request.';
COMMENT ON COLUMN outbox.written_at IS 'Date of the message that is answered, NULL when it had none that could be read.';
COMMENT ON COLUMN outbox.opens_requests IS 'Whether a new message to the mailbox opens a request, for the text of the mail.';
COMMENT ON COLUMN outbox.due_at IS 'When the mail is sent or tried again; while a daemon sends it, when another may. NULL once nothing more happens.';
COMMENT ON COLUMN outbox.stopped_at IS 'The address had got as many mails of the kind as it may in a day, so this one is not sent.';
-- A Message-ID names one mail.
CREATE UNIQUE INDEX outbox_message_id ON outbox (message_id);
-- For the sender: the mails that wait are few, those that were sent are many.
CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;
-- For the fuse: how many mails of a kind an address has got lately.
CREATE INDEX outbox_fuse ON outbox (lower(to_address), kind, queued_at) WHERE stopped_at IS NULL;
-- For the purge.
CREATE INDEX outbox_done ON outbox (queued_at) WHERE due_at IS NULL;
-- For the foreign key, and to show a request.
CREATE INDEX outbox_request_id ON outbox (request_id);

CREATE TABLE reply_template (
	team_id    bigint      NOT NULL REFERENCES team,
	kind       text        NOT NULL CHECK (kind IN ('denied', 'acknowledgement', 'closed', 'new_event')),
	language   text        NOT NULL CHECK (language ~ '^[a-z]{2,3}$'),
	subject    text        NOT NULL CHECK (subject <> ''),
	body       text        NOT NULL CHECK (body <> ''),
	changed_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (team_id, kind, language)
);
COMMENT ON TABLE reply_template IS 'The own texts of a team, instead of those that come with the program. They are checked when they are saved.';

CREATE TABLE subscription (
	user_id  bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
	group_id bigint NOT NULL REFERENCES support_group ON DELETE CASCADE,
	PRIMARY KEY (user_id, group_id)
);
-- For each event that is opened.
CREATE INDEX subscription_group ON subscription (group_id);
COMMENT ON TABLE subscription IS 'Who gets a mail for each new event of a group that is not assigned to a person.';
