-- +goose Up
-- Only the command line of Octopus asks for a password: /Login and /Password.
CREATE TABLE user_password (
	user_id bigint      PRIMARY KEY REFERENCES user_account ON DELETE CASCADE,
	hash    text        NOT NULL CHECK (hash LIKE '$argon2id$v=%$m=%,t=%,p=%$%$%'),
	set_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE user_password IS 'The password of a user who calls the program with the command line of Octopus (/Login, /Password). Nothing else needs one.';
COMMENT ON COLUMN user_password.hash IS 'A salted argon2id hash (RFC 9106) with its parameters, in the form of the Password Hashing Competition.';
