-- +goose Up
CREATE TABLE attachment_directory (
	is_the_one      boolean     PRIMARY KEY DEFAULT true CHECK (is_the_one),
	identity        uuid        NOT NULL,
	generation      text        NOT NULL,
	next_generation text,
	instance        jsonb       NOT NULL,
	claimed_at      timestamptz NOT NULL DEFAULT now(),
	collector       text,
	collector_until timestamptz,
	swept           text        NOT NULL DEFAULT ''
);
COMMENT ON TABLE attachment_directory IS 'The attachment directory of this database, once it has claimed one. A marker file in it holds the same identity: nothing is written where it does not.';
COMMENT ON COLUMN attachment_directory.generation IS 'Changes here and in the marker at each collection, so that a copy of the database falls behind and removes nothing.';
COMMENT ON COLUMN attachment_directory.next_generation IS 'The marker may hold this one already: a collection is changing it, or was stopped while it did.';
COMMENT ON COLUMN attachment_directory.instance IS 'What was known of the server and the database at the claim. Nothing is removed where it is another.';
COMMENT ON COLUMN attachment_directory.collector IS 'The program that collects, until collector_until.';
COMMENT ON COLUMN attachment_directory.swept IS 'The folder the last collection came to; the next one begins behind it. Empty: at the beginning.';

CREATE TABLE removal (
	digest bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
	at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE removal IS 'Contents whose files are being removed. No row names them, and no acceptance may name them until they are gone from here.';
