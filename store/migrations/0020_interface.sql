-- +goose Up
-- All rows satisfy the wider lists, so PostgreSQL need not read them.
ALTER TABLE request
	DROP CONSTRAINT request_check,
	ADD CONSTRAINT request_state_check CHECK (CASE kind
		WHEN 'event' THEN state IN ('new', 'in_progress', 'processed')
		ELSE state IN ('new', 'open', 'pending', 'suspended', 'resolved', 'closed', 'cancelled') END) NOT VALID;
ALTER TABLE history
	DROP CONSTRAINT history_what_check,
	ADD CONSTRAINT history_what_check CHECK (what IN ('opened', 'activity_added', 'begun', 'returned', 'pending', 'suspended', 'resumed',
		'resolved', 'closed', 'cancelled', 'processed', 'reopened', 'assigned', 'linked', 'replayed', 'discarded')) NOT VALID;
COMMENT ON COLUMN history.what IS 'begun: new to open or in progress; returned: back to new; pending, suspended, resolved, closed, cancelled, processed: to that state; resumed: from pending or suspended to open; reopened: from a state in which the request was done; assigned: to a person or group; linked: to another request; replayed, discarded: a message that was set aside.';

-- Every writer of requests writes history in the same transaction, so this trigger tells of all of them. PostgreSQL sends the
-- notifications after the commit. It refuses the commit when its queue is full, as a listener that never ends its transaction may
-- bring about: nothing is sent into a queue that is half full, so that no listener can hold up mail.
-- +goose StatementBegin
CREATE FUNCTION notify_service_desk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_notification_queue_usage() < 0.5 THEN
		PERFORM pg_notify('service_desk', format('{"kind":"%s","number":%s,"what":"%s"}',
			(SELECT r.kind FROM request AS r WHERE r.number = c.request_id), c.request_id, c.what))
		FROM changes AS c;
	END IF;
	RETURN NULL;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION notify_service_desk() IS 'Sends NOTIFY service_desk for rows of history.';
CREATE TRIGGER history_notify AFTER INSERT ON history REFERENCING NEW TABLE AS changes
	FOR EACH STATEMENT EXECUTE FUNCTION notify_service_desk();

CREATE SCHEMA service_desk;
COMMENT ON SCHEMA service_desk IS 'The interface for other programs: views to read and functions to call. Their columns and parameters stay from version to version; the tables behind them may change.';

CREATE VIEW service_desk.request AS
SELECT r.number, r.kind, r.state, t.name AS team, r.subject, r.body, r.html,
	requester.logon AS requester_logon, requester.name AS requester_name, affected.logon AS user_logon, affected.name AS user_name,
	s.name AS site, o.name AS source, p.name AS priority, g.name AS assigned_group,
	assignee.logon AS assignee_logon, assignee.name AS assignee_name,
	y.name AS request_type, r.due_at,
	coalesce((SELECT jsonb_agg(jsonb_build_object('name', f.name, 'value', f.value) ORDER BY f.position)
		FROM request_field AS f WHERE f.request_id = r.number), '[]') AS fields,
	r.linked_to_id AS linked_to, m.name AS mailbox, r.sender_name, r.sender_address, r.from_own, r.defects, r.sent_at,
	r.opened_at, recorder.logon AS opened_by_logon, r.processed_at,
	coalesce((SELECT max(h.at) FROM history AS h WHERE h.request_id = r.number), r.opened_at) AS changed_at
FROM request AS r
LEFT JOIN team AS t                  ON t.id = r.team_id
LEFT JOIN user_account AS requester  ON requester.id = r.requester_id
LEFT JOIN user_account AS affected   ON affected.id = r.user_id
LEFT JOIN user_account AS assignee   ON assignee.id = r.assignee_id
LEFT JOIN user_account AS recorder   ON recorder.id = r.opened_by_id
LEFT JOIN site AS s                  ON s.id = r.site_id
LEFT JOIN source AS o                ON o.id = r.source_id
LEFT JOIN priority AS p              ON p.id = r.priority_id
LEFT JOIN support_group AS g         ON g.id = r.group_id
LEFT JOIN service_request_type AS y  ON y.id = r.type_id
LEFT JOIN mailbox AS m               ON m.id = r.mailbox_id;
COMMENT ON VIEW service_desk.request IS 'Incidents, service requests and events. Numbers do not follow the order of time: a program draws some ahead. There may be millions: ask by number, by kind (= or IN) and state, by mailbox, or by opened_at.';
COMMENT ON COLUMN service_desk.request.number IS 'The number, which one sequence gives to all kinds.';
COMMENT ON COLUMN service_desk.request.kind IS 'incident, service_request or event.';
COMMENT ON COLUMN service_desk.request.state IS 'Of an incident or service request: new, open, pending, suspended, resolved, closed or cancelled; of an event: new, in_progress or processed.';
COMMENT ON COLUMN service_desk.request.team IS 'The team that it belongs to.';
COMMENT ON COLUMN service_desk.request.subject IS 'The subject, of up to 10,000 characters.';
COMMENT ON COLUMN service_desk.request.body IS 'The text, of up to 4 MiB.';
COMMENT ON COLUMN service_desk.request.html IS 'The same as HTML, without scripts; empty if there was none. It may still refer to images elsewhere: show it in a sandboxed frame.';
COMMENT ON COLUMN service_desk.request.requester_logon IS 'Who asked. For an unknown sender, the fallback user of the mailbox; sender_address has the address.';
COMMENT ON COLUMN service_desk.request.requester_name IS 'The display name of the requester.';
COMMENT ON COLUMN service_desk.request.user_logon IS 'Whom it is for.';
COMMENT ON COLUMN service_desk.request.user_name IS 'The display name of the user.';
COMMENT ON COLUMN service_desk.request.site IS 'The site, NULL for none.';
COMMENT ON COLUMN service_desk.request.source IS 'How it reached the service desk, such as Email.';
COMMENT ON COLUMN service_desk.request.priority IS 'The priority, NULL for none.';
COMMENT ON COLUMN service_desk.request.assigned_group IS 'The group that it is assigned to, NULL for none.';
COMMENT ON COLUMN service_desk.request.assignee_logon IS 'The person that it is assigned to, NULL for nobody.';
COMMENT ON COLUMN service_desk.request.assignee_name IS 'The display name of that person.';
COMMENT ON COLUMN service_desk.request.request_type IS 'Of a service request: what was asked for, NULL if nobody has said.';
COMMENT ON COLUMN service_desk.request.due_at IS 'When a service request is due, NULL if nobody has said.';
COMMENT ON COLUMN service_desk.request.fields IS 'The further fields of the form of a service request, in their order: [{"name": …, "value": …}].';
COMMENT ON COLUMN service_desk.request.linked_to IS 'The number of another request that it continues, NULL for none.';
COMMENT ON COLUMN service_desk.request.mailbox IS 'The mailbox that it came from or is about, NULL for none.';
COMMENT ON COLUMN service_desk.request.sender_name IS 'The name in From of the message that opened it, empty if there was none.';
COMMENT ON COLUMN service_desk.request.sender_address IS 'The address in From.';
COMMENT ON COLUMN service_desk.request.from_own IS 'The message came from an address of the service desk itself.';
COMMENT ON COLUMN service_desk.request.defects IS 'What is wrong with the message, or makes its author look like another.';
COMMENT ON COLUMN service_desk.request.sent_at IS 'The Date of the message, NULL if it had none that could be read.';
COMMENT ON COLUMN service_desk.request.opened_at IS 'When it was opened, by the clock of the host that opened it.';
COMMENT ON COLUMN service_desk.request.opened_by_logon IS 'The account that recorded it.';
COMMENT ON COLUMN service_desk.request.processed_at IS 'When an event was processed, NULL while it is not.';
COMMENT ON COLUMN service_desk.request.changed_at IS 'When its history was continued last.';

CREATE VIEW service_desk.activity AS
SELECT a.id, a.request_id AS request, a.subject, a.body, a.html, author.logon AS author_logon, author.name AS author_name,
	a.sender_name, a.sender_address, a.from_own, a.flagged, a.defects, a.sent_at, a.recorded_at, recorder.logon AS recorded_by_logon
FROM activity AS a
LEFT JOIN user_account AS author   ON author.id = a.sender_id
LEFT JOIN user_account AS recorder ON recorder.id = a.recorded_by_id;
COMMENT ON VIEW service_desk.activity IS 'The entries on requests: answers by mail, notes of people and programs.';
COMMENT ON COLUMN service_desk.activity.id IS 'The identity of the activity.';
COMMENT ON COLUMN service_desk.activity.request IS 'The number of the request.';
COMMENT ON COLUMN service_desk.activity.subject IS 'The subject, empty if it has none.';
COMMENT ON COLUMN service_desk.activity.body IS 'The text, of up to 4 MiB.';
COMMENT ON COLUMN service_desk.activity.html IS 'The same as HTML, as in request.';
COMMENT ON COLUMN service_desk.activity.author_logon IS 'The user who wrote it, NULL if the sender is no user.';
COMMENT ON COLUMN service_desk.activity.author_name IS 'The display name of the author.';
COMMENT ON COLUMN service_desk.activity.sender_name IS 'The name in From, empty if it was no message.';
COMMENT ON COLUMN service_desk.activity.sender_address IS 'The address in From, empty if it was no message.';
COMMENT ON COLUMN service_desk.activity.from_own IS 'The message came from an address of the service desk itself.';
COMMENT ON COLUMN service_desk.activity.flagged IS 'The sender had no part in the request: a person should look.';
COMMENT ON COLUMN service_desk.activity.defects IS 'What is wrong with the message, or makes its author look like another.';
COMMENT ON COLUMN service_desk.activity.sent_at IS 'The Date of the message, NULL if there was none.';
COMMENT ON COLUMN service_desk.activity.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN service_desk.activity.recorded_by_logon IS 'The account that recorded it.';

CREATE VIEW service_desk.attachment AS
SELECT f.id, f.request_id AS request, f.activity_id AS activity, f.position, f.name, f.media_type, f.octets,
	encode(f.sha256, 'hex') AS sha256, f.content_id, f.inline AS is_inline, f.raw AS is_message,
	regexp_replace(encode(f.sha256, 'hex'), '^(..)(..)', '\1/\2/\1\2') AS file
FROM attachment AS f;
COMMENT ON VIEW service_desk.attachment IS 'What is attached to requests and activities. The octets lie in the attachment directory, where several attachments may share a file.';
COMMENT ON COLUMN service_desk.attachment.id IS 'The identity of the attachment.';
COMMENT ON COLUMN service_desk.attachment.request IS 'The number of the request.';
COMMENT ON COLUMN service_desk.attachment.activity IS 'The activity that it belongs to, NULL if it belongs to the request itself.';
COMMENT ON COLUMN service_desk.attachment.position IS 'Its place among the attachments of the message.';
COMMENT ON COLUMN service_desk.attachment.name IS 'The name that the sender gave it. It may be anything: never use it as a path.';
COMMENT ON COLUMN service_desk.attachment.media_type IS 'The media type that the sender gave it, such as image/png. Do not rely on it.';
COMMENT ON COLUMN service_desk.attachment.octets IS 'Its size.';
COMMENT ON COLUMN service_desk.attachment.sha256 IS 'The SHA-256 of its octets, in hexadecimal digits.';
COMMENT ON COLUMN service_desk.attachment.content_id IS 'By which the HTML shows it (cid:), empty if it does not.';
COMMENT ON COLUMN service_desk.attachment.is_inline IS 'The HTML shows it.';
COMMENT ON COLUMN service_desk.attachment.is_message IS 'It is the message itself, as it was received.';
COMMENT ON COLUMN service_desk.attachment.file IS 'The path of its octets below the attachment directory. Read the file only: it may be shared.';

CREATE VIEW service_desk.history AS
SELECT h.id, h.request_id AS request, h.activity_id AS activity, h.at, u.logon AS author_logon, u.name AS author_name, h.what, h.reason,
	h.detail
FROM history AS h LEFT JOIN user_account AS u ON u.id = h.author_id;
COMMENT ON VIEW service_desk.history IS 'What was done to requests, when, by whom and why. Rows are only added.';
COMMENT ON COLUMN service_desk.history.id IS 'The identity. A row may become visible after rows with a higher one.';
COMMENT ON COLUMN service_desk.history.request IS 'The number of the request.';
COMMENT ON COLUMN service_desk.history.activity IS 'The activity that it is about, NULL for none.';
COMMENT ON COLUMN service_desk.history.at IS 'When it was done.';
COMMENT ON COLUMN service_desk.history.author_logon IS 'Who did it: a person, or the account of the daemon.';
COMMENT ON COLUMN service_desk.history.author_name IS 'The display name of the author.';
COMMENT ON COLUMN service_desk.history.what IS 'opened; activity_added; begun: new to open or in progress; returned: back to new; pending, suspended, resolved, closed, cancelled, processed: to that state; resumed: from pending or suspended to open; reopened: from a state in which it was done; assigned; linked; replayed or discarded: a message that was set aside. More words may come.';
COMMENT ON COLUMN service_desk.history.reason IS 'Why, in a word for programs; person if a person or another program did it.';
COMMENT ON COLUMN service_desk.history.detail IS 'Why, for people.';

CREATE VIEW service_desk.user AS
SELECT u.logon, u.name, s.name AS site, nullif(u.language, '') AS language,
	ARRAY(SELECT a.address FROM user_address AS a WHERE a.user_id = u.id ORDER BY a.address) AS addresses
FROM user_account AS u LEFT JOIN site AS s ON s.id = u.site_id;
COMMENT ON VIEW service_desk.user IS 'People, and the accounts that the daemon records as.';
COMMENT ON COLUMN service_desk.user.logon IS 'The logon, unique without regard to case.';
COMMENT ON COLUMN service_desk.user.name IS 'The display name.';
COMMENT ON COLUMN service_desk.user.site IS 'The site where the person works, NULL if it is not known.';
COMMENT ON COLUMN service_desk.user.language IS 'The language of mail to the person, such as en or fr; NULL if it is not known.';
COMMENT ON COLUMN service_desk.user.addresses IS 'The mail addresses, in lower case.';

CREATE VIEW service_desk.mailbox AS
SELECT m.name, t.name AS team, nullif(m.delivered_to, '') AS delivered_to, m.recorded_at, m.mail_at, l.polled_at, l.succeeded_at, l.due_at,
	d.host AS polled_by, coalesce(l.backlog, 0) AS backlog, nullif(l.problem, '') AS problem, nullif(l.cause, '') AS problem_cause,
	l.problem_since
FROM mailbox AS m
LEFT JOIN team AS t   ON t.id = m.team_id
LEFT JOIN lease AS l  ON l.mailbox_id = m.id
LEFT JOIN daemon AS d ON d.id = l.holder_id AND d.alive_until > now();
COMMENT ON VIEW service_desk.mailbox IS 'The mailboxes that daemons have polled, and how that went last. Times are by the clock of the database.';
COMMENT ON COLUMN service_desk.mailbox.name IS 'The name in the configuration.';
COMMENT ON COLUMN service_desk.mailbox.team IS 'The team that the newest message was recorded for, NULL if there was none.';
COMMENT ON COLUMN service_desk.mailbox.delivered_to IS 'The address to which the mail server delivered the newest message that says so, NULL if none did.';
COMMENT ON COLUMN service_desk.mailbox.recorded_at IS 'When what became of a message was recorded last.';
COMMENT ON COLUMN service_desk.mailbox.mail_at IS 'When a message opened something, was added to something or was set aside last.';
COMMENT ON COLUMN service_desk.mailbox.polled_at IS 'When the last poll ended.';
COMMENT ON COLUMN service_desk.mailbox.succeeded_at IS 'When the last poll ended that went well.';
COMMENT ON COLUMN service_desk.mailbox.due_at IS 'When the next poll is due.';
COMMENT ON COLUMN service_desk.mailbox.polled_by IS 'The host whose daemon polls it, NULL if none does.';
COMMENT ON COLUMN service_desk.mailbox.backlog IS 'Messages that the last poll saw and left on the server without recording them.';
COMMENT ON COLUMN service_desk.mailbox.problem IS 'What went wrong with the last poll, for people; NULL if nothing did.';
COMMENT ON COLUMN service_desk.mailbox.problem_cause IS 'The class of the problem, for programs.';
COMMENT ON COLUMN service_desk.mailbox.problem_since IS 'Since when polls have gone wrong.';

CREATE VIEW service_desk.message AS
SELECT m.name AS mailbox, encode(k.digest, 'hex') AS sha256, k.message_id, k.accepted_at, k.outcome, k.reason,
	coalesce(s.detail, k.detail) AS detail, k.request_id AS request, k.activity_id AS activity,
	s.id AS set_aside, s.state AS set_aside_state,
	coalesce(q.sender_name, a.sender_name, s.sender_name, k.from_name, '') AS sender_name,
	coalesce(q.sender_address, a.sender_address, s.sender_address, k.from_address, '') AS sender_address,
	coalesce(q.subject, a.subject, s.subject, k.subject, '') AS subject, k.octets, k.times_seen, k.last_seen_at
FROM receipt AS k
LEFT JOIN mailbox AS m   ON m.id = k.mailbox_id
LEFT JOIN request AS q   ON q.number = k.request_id AND k.outcome = 'opened'
LEFT JOIN activity AS a  ON a.id = k.activity_id
LEFT JOIN set_aside AS s ON s.mailbox_id = k.mailbox_id AND s.digest = k.digest AND k.outcome = 'set_aside';
COMMENT ON VIEW service_desk.message IS 'What became of each message, ignored and refused ones too, until its receipt is purged. There may be millions: ask by accepted_at or request.';
COMMENT ON COLUMN service_desk.message.mailbox IS 'The mailbox that it was in.';
COMMENT ON COLUMN service_desk.message.sha256 IS 'The SHA-256 of its octets, in hexadecimal digits. With the mailbox it identifies the message.';
COMMENT ON COLUMN service_desk.message.message_id IS 'The Message-ID, without angle brackets; empty if it has none.';
COMMENT ON COLUMN service_desk.message.accepted_at IS 'When it was accepted.';
COMMENT ON COLUMN service_desk.message.outcome IS 'opened, added, refused, ignored or set_aside.';
COMMENT ON COLUMN service_desk.message.reason IS 'Why, in a word for programs.';
COMMENT ON COLUMN service_desk.message.detail IS 'Why, for people, if it was refused, ignored or set aside. For the others the history of the request says it.';
COMMENT ON COLUMN service_desk.message.request IS 'The request that it opened or was added to, or the event that carries it; NULL for none.';
COMMENT ON COLUMN service_desk.message.activity IS 'The activity that it became, NULL for none.';
COMMENT ON COLUMN service_desk.message.set_aside IS 'Its number among the messages that are set aside, NULL if it is not.';
COMMENT ON COLUMN service_desk.message.set_aside_state IS 'waiting or discarded, NULL if it is not set aside.';
COMMENT ON COLUMN service_desk.message.sender_name IS 'The name in From; empty if it is not known.';
COMMENT ON COLUMN service_desk.message.sender_address IS 'The address in From; empty if it is not known.';
COMMENT ON COLUMN service_desk.message.subject IS 'The subject; empty if it is not known.';
COMMENT ON COLUMN service_desk.message.octets IS 'Its size as it was retrieved.';
COMMENT ON COLUMN service_desk.message.times_seen IS 'How often it was retrieved: more than once when its deletion did not take effect.';
COMMENT ON COLUMN service_desk.message.last_seen_at IS 'When it was in its mailbox last.';

CREATE VIEW service_desk.problem AS
SELECT p.id, p.kind, p.source, p.event_id AS event, p.first_seen_at, p.last_seen_at, p.count, p.closed_at,
	ARRAY(SELECT m.name FROM problem_mailbox AS b JOIN mailbox AS m ON m.id = b.mailbox_id
		WHERE b.problem_id = p.id AND b.recovered_at IS NULL ORDER BY lower(m.name)) AS mailboxes
FROM problem AS p;
COMMENT ON VIEW service_desk.problem IS 'Troubles that the daemons have opened an event for, those that are over too.';
COMMENT ON COLUMN service_desk.problem.id IS 'The identity of the problem.';
COMMENT ON COLUMN service_desk.problem.kind IS 'Its class, such as unreachable, login, certificate, database or message.';
COMMENT ON COLUMN service_desk.problem.source IS 'What it is about: a server, a mailbox, a folder, a file, an address.';
COMMENT ON COLUMN service_desk.problem.event IS 'The number of the event, which says what to do.';
COMMENT ON COLUMN service_desk.problem.first_seen_at IS 'When it began.';
COMMENT ON COLUMN service_desk.problem.last_seen_at IS 'When it was seen last.';
COMMENT ON COLUMN service_desk.problem.count IS 'How often it was seen, as far as that is counted.';
COMMENT ON COLUMN service_desk.problem.closed_at IS 'When it was over, NULL while it lasts.';
COMMENT ON COLUMN service_desk.problem.mailboxes IS 'The mailboxes that it affects and that are not over it.';

-- The functions do what the program's own verbs do, and a test compares the two. They write as the owner of the tables, for a
-- person whom the caller names.
-- +goose StatementBegin
CREATE FUNCTION interface_user(INOUT logon text, OUT id bigint, OUT name text) LANGUAGE plpgsql AS $$
DECLARE given text := logon;
BEGIN
	SELECT u.logon, u.id, u.name INTO logon, id, name FROM user_account AS u WHERE lower(u.logon) = lower(given);
	IF NOT FOUND THEN
		RAISE EXCEPTION 'user "%" does not exist', given USING ERRCODE = 'no_data_found', HINT = 'Read the logons in service_desk.user.';
	END IF;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_user(text) IS 'Returns the user with a logon, in upper or lower case, for the functions of service_desk.';

-- +goose StatementBegin
CREATE FUNCTION interface_request(INOUT number bigint, OUT kind text, OUT state text, OUT team bigint) LANGUAGE plpgsql AS $$
DECLARE given bigint := number;
BEGIN
	SELECT r.number, r.kind, r.state, r.team_id INTO number, kind, state, team
	FROM request AS r WHERE r.number = given FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'request % does not exist', given USING ERRCODE = 'no_data_found', HINT = 'Read the numbers in service_desk.request.';
	END IF;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_request(bigint) IS 'Returns a request, locked to the end of the transaction, for the functions of service_desk.';

-- +goose StatementBegin
CREATE FUNCTION interface_capped(text text, octets integer) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	all_octets bytea := convert_to(interface_capped.text, 'UTF8');
	last integer := interface_capped.octets - 3; -- room for the ellipsis
BEGIN
	IF length(all_octets) <= interface_capped.octets THEN
		RETURN interface_capped.text;
	END IF;
	WHILE last > 0 AND get_byte(all_octets, last) & 192 = 128 LOOP -- within a character
		last := last - 1;
	END LOOP;
	RETURN convert_from(substr(all_octets, 1, last), 'UTF8') || '…';
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_capped(text, integer) IS 'Returns a text no longer than so many octets, cut between two characters, for the functions of service_desk.';

-- +goose StatementBegin
CREATE FUNCTION interface_note(request bigint, activity bigint, author bigint, what text, detail text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO history (at, author_id, request_id, activity_id, what, reason, detail)
	VALUES (clock_timestamp(), $3, $1, $2, $4, 'person', interface_capped($5, 16384))
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_note(bigint, bigint, bigint, text, text) IS 'Writes a row of history, for the functions of service_desk.';

-- +goose StatementBegin
CREATE FUNCTION interface_add(request bigint, author bigint, body text, subject text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE activity bigint;
BEGIN
	IF octet_length(interface_add.body) > 4194304 OR char_length(interface_add.subject) > 10000 THEN
		RAISE EXCEPTION 'the text is too long' USING ERRCODE = 'string_data_right_truncation',
			HINT = 'A body has up to 4 MiB, a subject up to 10,000 characters.';
	END IF;
	INSERT INTO activity (recorded_at, recorded_by_id, request_id, body, subject, sender_id)
	VALUES (clock_timestamp(), interface_add.author, interface_add.request, interface_add.body, interface_add.subject, interface_add.author)
	RETURNING id INTO activity;
	RETURN activity;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_add(bigint, bigint, text, text) IS 'Writes an activity, for the functions of service_desk.';

-- +goose StatementBegin
CREATE FUNCTION service_desk.add_activity(request bigint, author text, body text, subject text DEFAULT '') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	person bigint := (interface_user(add_activity.author)).id;
	activity bigint;
BEGIN
	PERFORM interface_request(add_activity.request);
	IF coalesce(add_activity.body, '') = '' THEN
		RAISE EXCEPTION 'the activity has no text' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	activity := interface_add(add_activity.request, person, add_activity.body, coalesce(add_activity.subject, ''));
	PERFORM interface_note(add_activity.request, activity, person, 'activity_added', 'by another program');
	RETURN activity;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION service_desk.add_activity(bigint, text, text, text) IS 'Adds a text to a request in the name of a user, the author, and returns the identity of the activity. The state of the request stays as it is.';

-- +goose StatementBegin
CREATE FUNCTION interface_change(was text, becomes text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN $2 IN ('resolved', 'closed', 'cancelled', 'processed', 'pending', 'suspended') AND
			NOT ($1 IN ('resolved', 'closed', 'cancelled', 'processed') AND $2 IN ('pending', 'suspended')) THEN $2
		WHEN $1 IN ('resolved', 'closed', 'cancelled', 'processed') THEN 'reopened'
		WHEN $2 = 'new' THEN 'returned'
		WHEN $1 = 'new' THEN 'begun'
		ELSE 'resumed' END
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_change(text, text) IS 'Returns the word of history for a change from one state to another.';

-- +goose StatementBegin
CREATE FUNCTION service_desk.set_state(request bigint, author text, state text, note text DEFAULT '') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
	person bigint := (interface_user(set_state.author)).id;
	it record := interface_request(set_state.request);
	activity bigint;
	words text := btrim(coalesce(set_state.note, ''), E' \t\r\n\f\u000b\u0085\u00a0');
BEGIN
	IF set_state.state = it.state THEN
		RETURN false;
	END IF;
	IF words <> '' THEN
		activity := interface_add(it.number, person, set_state.note, '');
		PERFORM interface_note(it.number, activity, person, 'activity_added', words);
	END IF;
	BEGIN
		UPDATE request AS r SET state = set_state.state, processed_at = CASE set_state.state WHEN 'processed' THEN clock_timestamp() END
		WHERE r.number = it.number;
	EXCEPTION WHEN check_violation OR not_null_violation THEN
		RAISE EXCEPTION '% % cannot be "%"', replace(it.kind, '_', ' '), it.number, set_state.state
			USING ERRCODE = 'invalid_parameter_value', HINT = 'The column state of service_desk.request says which states there are.';
	END;
	PERFORM interface_note(it.number, activity, person, interface_change(it.state, set_state.state),
		coalesce(nullif(words, ''), 'by another program'));
	RETURN true;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION service_desk.set_state(bigint, text, text, text) IS 'Puts a request into a state in the name of a user, the author. A note becomes an activity. It returns false, and writes nothing, if the request has that state already.';

-- +goose StatementBegin
CREATE FUNCTION service_desk.assign(request bigint, author text, to_person text DEFAULT NULL, to_group text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	person bigint := (interface_user(assign.author)).id;
	it record := interface_request(assign.request);
	assignee bigint;
	assignee_words text;
	chosen bigint;
	chosen_words text;
BEGIN
	IF coalesce(assign.to_person, '') = '' AND coalesce(assign.to_group, '') = '' THEN
		RAISE EXCEPTION 'neither a person nor a group is given' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF assign.to_person <> '' THEN
		SELECT u.id, u.name || ' (' || u.logon || ')' INTO assignee, assignee_words FROM interface_user(assign.to_person) AS u;
	END IF;
	IF assign.to_group <> '' THEN
		SELECT g.id, 'group ' || g.name INTO chosen, chosen_words
		FROM support_group AS g WHERE g.team_id = it.team AND lower(g.name) = lower(assign.to_group);
		IF NOT FOUND THEN
			RAISE EXCEPTION 'group "%" of the team of request % does not exist', assign.to_group, it.number USING ERRCODE = 'no_data_found';
		END IF;
	END IF;
	UPDATE request AS r SET assignee_id = assignee, group_id = coalesce(chosen, r.group_id)
	WHERE r.number = it.number AND (r.assignee_id, r.group_id) IS DISTINCT FROM (assignee, coalesce(chosen, r.group_id));
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM interface_note(it.number, NULL, person, 'assigned', 'to ' || concat_ws(', ', assignee_words, chosen_words));
	RETURN true;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION service_desk.assign(bigint, text, text, text) IS 'Assigns a request to a person (a logon), to a group of its team, or to both, in the name of a user, the author. With only a group, the person who had the request has it no longer. It returns false, and writes nothing, if the request is assigned like that already.';

-- +goose StatementBegin
CREATE FUNCTION service_desk.link(request bigint, author text, to_request bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	person bigint := (interface_user(link.author)).id;
	it record;
	target record;
BEGIN
	PERFORM pg_advisory_xact_lock(7881696737271311979); -- "maillink": two callers could otherwise close a circle
	it := interface_request(link.request);
	IF link.to_request IS NOT NULL THEN
		target := interface_request(link.to_request);
		IF target.team <> it.team THEN
			RAISE EXCEPTION 'request % belongs to another team', target.number USING ERRCODE = 'invalid_parameter_value';
		END IF;
		IF EXISTS (
			WITH RECURSIVE chain (number) AS (
				VALUES (target.number)
				UNION SELECT r.linked_to_id FROM chain JOIN request AS r ON r.number = chain.number WHERE r.linked_to_id IS NOT NULL)
			SELECT FROM chain WHERE chain.number = it.number) THEN
			RAISE EXCEPTION 'request % is request %, or continues it already', target.number, it.number
				USING ERRCODE = 'invalid_parameter_value';
		END IF;
	END IF;
	UPDATE request AS r SET linked_to_id = link.to_request WHERE r.number = it.number AND r.linked_to_id IS DISTINCT FROM link.to_request;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM interface_note(it.number, NULL, person, 'linked', coalesce('to request ' || link.to_request, 'to none'));
	RETURN true;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION service_desk.link(bigint, text, bigint) IS 'Links a request to another one of its team that it continues, or to none (NULL), in the name of a user, the author. It returns false, and writes nothing, if the request is linked like that already.';

-- Nobody calls the functions but those who are granted that. They find the tables where this migration found them, whatever the
-- caller's search_path is, and no temporary table instead of one.
-- +goose StatementBegin
DO $$
DECLARE f regprocedure;
BEGIN
	FOR f IN SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'service_desk'::regnamespace
		OR p.pronamespace = current_schema()::regnamespace AND p.proname ~ '^(interface_|notify_service_desk$)'
	LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
		EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', f, current_schema());
	END LOOP;
END $$;
-- +goose StatementEnd
