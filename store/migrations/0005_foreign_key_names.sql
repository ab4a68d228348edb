-- +goose Up
-- The remaining foreign key columns get the ending _id. Their constraints and indexes are renamed with them.
ALTER TABLE request RENAME COLUMN linked_to TO linked_to_id;
ALTER TABLE request RENAME CONSTRAINT request_linked_to_fkey TO request_linked_to_id_fkey;

ALTER TABLE request_field RENAME COLUMN request TO request_id;
ALTER TABLE request_field RENAME CONSTRAINT request_field_request_fkey TO request_field_request_id_fkey;

ALTER TABLE participant RENAME COLUMN request TO request_id;
ALTER TABLE participant RENAME CONSTRAINT participant_request_fkey TO participant_request_id_fkey;

ALTER TABLE activity RENAME COLUMN request TO request_id;
ALTER TABLE activity RENAME CONSTRAINT activity_request_fkey TO activity_request_id_fkey;
ALTER TABLE activity RENAME CONSTRAINT activity_request_id_key TO activity_request_id_id_key;
ALTER INDEX activity_request RENAME TO activity_request_id;

ALTER TABLE history RENAME COLUMN request TO request_id;
ALTER TABLE history RENAME CONSTRAINT history_request_fkey TO history_request_id_fkey;
ALTER TABLE history RENAME CONSTRAINT history_request_activity_id_fkey TO history_request_id_activity_id_fkey;
ALTER INDEX history_request RENAME TO history_request_id;

ALTER TABLE attachment RENAME COLUMN request TO request_id;
ALTER TABLE attachment RENAME CONSTRAINT attachment_request_fkey TO attachment_request_id_fkey;
ALTER TABLE attachment RENAME CONSTRAINT attachment_request_activity_id_fkey TO attachment_request_id_activity_id_fkey;
ALTER INDEX attachment_request RENAME TO attachment_request_id;

ALTER TABLE thread RENAME COLUMN request TO request_id;
ALTER TABLE thread RENAME CONSTRAINT thread_request_fkey TO thread_request_id_fkey;
ALTER INDEX thread_request RENAME TO thread_request_id;

ALTER TABLE receipt RENAME COLUMN request TO request_id;
ALTER TABLE receipt RENAME CONSTRAINT receipt_request_fkey TO receipt_request_id_fkey;
ALTER TABLE receipt RENAME CONSTRAINT receipt_request_activity_id_fkey TO receipt_request_id_activity_id_fkey;
ALTER INDEX receipt_request RENAME TO receipt_request_id;

ALTER TABLE set_aside RENAME COLUMN event TO event_id;
ALTER TABLE set_aside RENAME CONSTRAINT set_aside_event_fkey TO set_aside_event_id_fkey;
