-- +goose Up
-- No default and no rewrite: the receipts of an older version count for no sender.
ALTER TABLE receipt
	ADD COLUMN sender_team_id bigint,
	ADD COLUMN sender_address text,
	ADD COLUMN sent_at        timestamptz,
	ADD CONSTRAINT receipt_sender_check CHECK (
		(sender_address IS NULL) = (sent_at IS NULL) AND (sender_address IS NULL) = (sender_team_id IS NULL)
		AND (sender_address IS NULL OR sender_address <> '' AND outcome IN ('opened', 'added')));
COMMENT ON COLUMN receipt.sender_address IS 'Who sent the message, in lower case, if it opened a request or would have without MaxNewRequests; otherwise NULL.';
COMMENT ON COLUMN receipt.sender_team_id IS 'The team of the request, with sender_address: what senders may open is counted for each team. A request that moves to another team still counts for this one.';
COMMENT ON COLUMN receipt.sent_at IS 'The Date of the message, or when it was recorded if it has none or one in the future, with sender_address.';

-- Counts what one sender has opened within some time. It holds all that the count reads, so that a sender with many receipts
-- costs no look at their rows. Receipts of follow-ups are not in it.
CREATE INDEX receipt_sender ON receipt (sender_team_id, sender_address, sent_at, request_id) WHERE sender_address IS NOT NULL;
