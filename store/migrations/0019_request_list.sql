-- +goose Up
-- Lists of requests, the one opened last first: all, of a kind and a state, of a mailbox.
CREATE INDEX request_opened ON request (opened_at);
CREATE INDEX request_kind_opened ON request (kind, state, opened_at);
CREATE INDEX request_mailbox_opened ON request (mailbox_id, opened_at);
