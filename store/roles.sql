-- The roles of MailIntegration, and their rights in the database where this runs. Run it as often as you like, also after an
-- update: mailintegration db roles | psql -d DATABASE. Whoever runs it needs CREATEROLE while a role is missing, and must own the
-- database's tables, or be a superuser. Accounts get a role with: GRANT mailintegration_reader TO account.
DO $roles$
DECLARE
	tables text;  -- the schema of the tables
	owner  text;  -- of the interface
	role   text;
	rights text[];
	name   text;
BEGIN
	SELECT s.nspname, o.rolname INTO tables, owner
	FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS s ON s.oid = c.relnamespace
	JOIN pg_roles AS o ON o.oid = c.relowner
	WHERE t.tgname = 'history_notify' AND c.relname = 'history';
	IF tables IS NULL THEN
		RAISE EXCEPTION 'database % has no interface yet', current_database() USING HINT = 'Run mailintegration db migrate first.';
	END IF;

	FOREACH role IN ARRAY ARRAY['mailintegration_reader', 'mailintegration_desk', 'mailintegration_daemon'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
			BEGIN
				EXECUTE format('CREATE ROLE %I NOLOGIN', role);
			EXCEPTION WHEN duplicate_object OR unique_violation THEN
				NULL; -- somebody else has just made it
			END;
		END IF;
		-- The program itself renews the rights after a migration where it finds this one.
		EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
	END LOOP;

	-- The functions run as the owner and look for their tables in this schema: nobody else may put anything into it.
	EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', tables);

	-- PostgreSQL lets everybody call a function that a restore without privileges has made, and lets it run as whoever restored. The
	-- program itself does this when it starts, as the owner (functionrights.go).
	FOR name IN SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS s ON s.oid = p.pronamespace
		WHERE s.nspname = 'service_desk' OR s.nspname = tables AND p.proname ~ '^(interface_|notify_service_desk$)'
	LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
		EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, tables);
		EXECUTE format('ALTER FUNCTION %s OWNER TO %I', name, owner);
	END LOOP;

	-- reader: the views.
	-- desk: the functions as well.
	GRANT USAGE ON SCHEMA service_desk TO mailintegration_reader, mailintegration_desk;
	GRANT SELECT ON ALL TABLES IN SCHEMA service_desk TO mailintegration_reader, mailintegration_desk;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA service_desk TO mailintegration_desk;

	-- daemon: what the daemon and the verbs do, but no change of the schema, and nothing that takes back what is recorded. The
	-- foreign keys keep users and teams that anything recorded names.
	GRANT USAGE ON SCHEMA service_desk TO mailintegration_daemon;
	GRANT SELECT ON ALL TABLES IN SCHEMA service_desk TO mailintegration_daemon;
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO mailintegration_daemon', tables);
	EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO mailintegration_daemon', tables);
	EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO mailintegration_daemon', tables);
	FOREACH rights SLICE 1 IN ARRAY ARRAY[
		['activity',             'INSERT'],
		['attachment',           'INSERT'],
		['attachment_directory', 'INSERT, UPDATE'],
		['attempt',              'INSERT, UPDATE, DELETE'],
		['daemon',               'INSERT, UPDATE, DELETE'],
		['history',              'INSERT'],
		['lease',                'INSERT, UPDATE'],
		['mailbox',              'INSERT, UPDATE'],
		['outbox',               'INSERT, UPDATE, DELETE'],
		['page_token',           'INSERT, UPDATE'],
		['participant',          'INSERT'],
		['priority',             'INSERT, UPDATE, DELETE'],
		['problem',              'INSERT, UPDATE'],
		['problem_mailbox',      'INSERT, UPDATE'],
		['receipt',              'INSERT, UPDATE, DELETE'],
		['removal',              'INSERT, DELETE'],
		['reply_template',       'INSERT, UPDATE, DELETE'],
		['request',              'INSERT, UPDATE'],
		['request_field',        'INSERT'],
		['service_request_type', 'INSERT, UPDATE, DELETE'],
		['set_aside',            'INSERT, UPDATE, DELETE'],
		['site',                 'INSERT, UPDATE'],
		['source',               'INSERT, UPDATE, DELETE'],
		['subscription',         'INSERT, DELETE'],
		['support_group',        'INSERT, UPDATE, DELETE'],
		['team',                 'INSERT, UPDATE, DELETE'],
		['thread',               'INSERT, UPDATE'],
		['user_account',         'INSERT, UPDATE, DELETE'],
		['user_address',         'INSERT, UPDATE, DELETE'],
		['user_password',        'INSERT, UPDATE, DELETE']
	] LOOP
		EXECUTE format('GRANT %s ON %I.%I TO mailintegration_daemon', rights[2], tables, rights[1]);
	END LOOP;
END $roles$;
