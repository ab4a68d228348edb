-- +goose Up
-- What a directory service knows about people beside their names. Requests show it to whoever works on them.
ALTER TABLE user_account
	ADD COLUMN title      text NOT NULL DEFAULT '',
	ADD COLUMN department text NOT NULL DEFAULT '',
	ADD COLUMN phone      text NOT NULL DEFAULT '';
COMMENT ON COLUMN user_account.title IS 'What the person does, such as Accountant; empty if it is not known.';
COMMENT ON COLUMN user_account.department IS 'Where in the organisation the person works; empty if it is not known.';
COMMENT ON COLUMN user_account.phone IS 'The phone number, as it was given; empty if it is not known.';

CREATE OR REPLACE VIEW service_desk.user AS
SELECT u.logon, u.name, s.name AS site, nullif(u.language, '') AS language,
	ARRAY(SELECT a.address FROM user_address AS a WHERE a.user_id = u.id ORDER BY a.address) AS addresses,
	nullif(u.title, '') AS title, nullif(u.department, '') AS department, nullif(u.phone, '') AS phone
FROM user_account AS u LEFT JOIN site AS s ON s.id = u.site_id;
COMMENT ON COLUMN service_desk.user.title IS 'What the person does, such as Accountant; NULL if it is not known.';
COMMENT ON COLUMN service_desk.user.department IS 'Where in the organisation the person works; NULL if it is not known.';
COMMENT ON COLUMN service_desk.user.phone IS 'The phone number, as it was given; NULL if it is not known.';
