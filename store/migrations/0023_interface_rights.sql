-- +goose Up
-- White space is what strings.TrimSpace of Go removes.
-- +goose StatementBegin
CREATE FUNCTION interface_space() RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT E' \t\n\u000b\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_space() IS 'Returns the characters of white space, for the functions of service_desk.';

-- +goose StatementBegin
CREATE FUNCTION interface_trimmed(text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT btrim(coalesce($1, ''), interface_space())
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_trimmed(text) IS 'Returns a text without white space at its ends, empty for NULL, for the functions of service_desk.';

-- +goose StatementBegin
CREATE FUNCTION interface_line(text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT interface_trimmed(regexp_replace($1, '[' || interface_space() || ']+', ' ', 'g'))
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION interface_line(text) IS 'Returns a text as one line, each run of white space as one space, for the functions of service_desk.';

-- The row stays locked, as for a foreign key: the user is not removed before the row that names it is there.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION interface_user(INOUT logon text, OUT id bigint, OUT name text) LANGUAGE plpgsql AS $$
DECLARE given text := logon;
BEGIN
	SELECT u.logon, u.id, u.name INTO logon, id, name FROM user_account AS u WHERE lower(u.logon) = lower(given) FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'user "%" does not exist', given USING ERRCODE = 'no_data_found', HINT = 'Read the logons in service_desk.user.';
	END IF;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION service_desk.add_activity(request bigint, author text, body text, subject text DEFAULT '') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	person bigint := (interface_user(add_activity.author)).id;
	activity bigint;
BEGIN
	PERFORM interface_request(add_activity.request);
	IF interface_trimmed(add_activity.body) = '' THEN
		RAISE EXCEPTION 'the activity has no text' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	activity := interface_add(add_activity.request, person, add_activity.body, interface_line(add_activity.subject));
	PERFORM interface_note(add_activity.request, activity, person, 'activity_added', 'by another program');
	RETURN activity;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION service_desk.add_activity(bigint, text, text, text) IS 'Adds a text to a request in the name of a user, the author, and returns the identity of the activity. A text of white space is refused; the subject becomes one line. The state of the request stays as it is.';

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION service_desk.set_state(request bigint, author text, state text, note text DEFAULT '') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
	person bigint := (interface_user(set_state.author)).id;
	it record := interface_request(set_state.request);
	activity bigint;
	words text := interface_trimmed(set_state.note);
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
COMMENT ON FUNCTION service_desk.set_state(bigint, text, text, text) IS 'Puts a request into a state in the name of a user, the author. A note becomes an activity, unless it is white space. It returns false, and writes nothing, if the request has that state already.';

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION service_desk.assign(request bigint, author text, to_person text DEFAULT NULL, to_group text DEFAULT NULL) RETURNS boolean
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
		FROM support_group AS g WHERE g.team_id = it.team AND lower(g.name) = lower(assign.to_group) FOR KEY SHARE;
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

-- The caller's snapshot may be older than the lock. So each request of the chain is locked, too: PostgreSQL refuses that in a
-- transaction whose snapshot has another version of the row (SQLSTATE 40001).
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION service_desk.link(request bigint, author text, to_request bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	person bigint := (interface_user(link.author)).id;
	it record;
	target record;
	link_in_chain bigint;
	seen bigint[] := '{}'; -- a circle of an earlier version ends the walk
BEGIN
	PERFORM pg_advisory_xact_lock(7881696737271311979); -- "maillink": two callers could otherwise close a circle
	it := interface_request(link.request);
	IF link.to_request IS NOT NULL THEN
		target := interface_request(link.to_request);
		IF target.team <> it.team THEN
			RAISE EXCEPTION 'request % belongs to another team', target.number USING ERRCODE = 'invalid_parameter_value';
		END IF;
		link_in_chain := target.number;
		WHILE link_in_chain IS NOT NULL AND link_in_chain <> ALL (seen) LOOP
			IF link_in_chain = it.number THEN
				RAISE EXCEPTION 'request % is request %, or continues it already', target.number, it.number
					USING ERRCODE = 'invalid_parameter_value';
			END IF;
			seen := seen || link_in_chain;
			SELECT r.linked_to_id INTO link_in_chain FROM request AS r WHERE r.number = link_in_chain FOR SHARE;
		END LOOP;
	END IF;
	UPDATE request AS r SET linked_to_id = link.to_request WHERE r.number = it.number AND r.linked_to_id IS DISTINCT FROM link.to_request;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM interface_note(it.number, NULL, person, 'linked', coalesce('to request ' || link.to_request, 'to none'));
	RETURN true;
END $$;
-- +goose StatementEnd

-- As in 0020. What a restore without privileges or owner forgets of this, the program finds and mends when it starts.
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
