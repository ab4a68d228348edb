-- +goose Up
-- What became of a message, asked by people. All columns are NULL in the receipts of an older version, so that no row is rewritten,
-- and the constraint reads none of them.
ALTER TABLE receipt
	ADD COLUMN sender_key   bigint,
	ADD COLUMN from_name    text,
	ADD COLUMN from_address text,
	ADD COLUMN subject      text,
	ADD CONSTRAINT receipt_message_check CHECK (
		(subject IS NULL) = (from_name IS NULL) AND (subject IS NULL) = (from_address IS NULL)
		AND (subject IS NULL OR outcome IN ('refused', 'ignored'))) NOT VALID;
COMMENT ON COLUMN receipt.sender_key IS 'The first 8 octets of the SHA-256 of the address in From, in lower case; 0 if there is none; NULL in the receipts of older versions.';
COMMENT ON COLUMN receipt.from_name IS 'With from_address and subject: of a message that was refused or ignored. Of the others, request, activity and set_aside have them.';

-- The newest messages first. The messages of a batch share a time, so that PostgreSQL keeps it once for all of them.
CREATE INDEX receipt_accepted ON receipt (accepted_at);
-- The same for one mailbox. An expression, because PostgreSQL could take an index with the mailbox itself for look-ups by
-- digest as long as it has no statistics, and read all receipts of the mailbox.
CREATE INDEX receipt_mailbox_accepted ON receipt ((- mailbox_id), accepted_at);
CREATE INDEX receipt_sender_key ON receipt (sender_key, accepted_at);
-- For messages that opened or added something, thread leads from the Message-ID to the request, and the time to the rest.
CREATE INDEX receipt_outcome_accepted ON receipt (outcome, accepted_at) WHERE outcome IN ('refused', 'ignored', 'set_aside');
CREATE INDEX receipt_message_id ON receipt (message_id) WHERE outcome IN ('refused', 'ignored', 'set_aside');
