-- +goose Up
-- What the page lists, however much there is beside it. Few problems are open, and few mails wait or were never sent: these indexes are small.
CREATE INDEX problem_open_id ON problem (id) WHERE closed_at IS NULL;
CREATE INDEX outbox_waiting ON outbox (id) INCLUDE (queued_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_unsent ON outbox (queued_at, id) WHERE given_up_at IS NOT NULL OR stopped_at IS NOT NULL;

-- The newest entries of a request with very many. It costs 8 octets more for each entry, and replaces the one before.
CREATE INDEX history_request_id_id ON history (request_id, id);
DROP INDEX history_request_id;

-- The newest messages of a request with very many. It has no entries for messages that are in no request, which the one before had.
CREATE INDEX receipt_request_accepted ON receipt (request_id, accepted_at) WHERE request_id IS NOT NULL;
DROP INDEX receipt_request_id;
