-- +goose Up
CREATE TABLE page_token (
	id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name       text        NOT NULL CHECK (name <> ''),
	hash       bytea       NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
	user_id    bigint      REFERENCES user_account ON DELETE CASCADE,
	may_act    boolean     NOT NULL DEFAULT false CHECK (NOT may_act OR user_id IS NOT NULL),
	created_at timestamptz NOT NULL DEFAULT now(),
	used_at    timestamptz,
	expires_at timestamptz,
	revoked_at timestamptz
);
CREATE UNIQUE INDEX page_token_name ON page_token (lower(name)) WHERE revoked_at IS NULL;
CREATE INDEX page_token_user_id ON page_token (user_id);
COMMENT ON TABLE page_token IS 'What lets a person log in to the page of a daemon. The token itself is nowhere, only its hash.';
COMMENT ON COLUMN page_token.name IS 'Whose it is, for the log and the history. Of the tokens that are not revoked, one has a name.';
COMMENT ON COLUMN page_token.hash IS 'The SHA-256 of the token, which has 256 random bits: nobody can guess it, so that a salt would add nothing.';
COMMENT ON COLUMN page_token.user_id IS 'Who acts with it, for the history; NULL only for a token that reads.';
COMMENT ON COLUMN page_token.used_at IS 'When somebody logged in with it last.';
COMMENT ON COLUMN page_token.expires_at IS 'NULL: never.';
