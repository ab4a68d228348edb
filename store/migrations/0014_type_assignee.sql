-- +goose Up
ALTER TABLE service_request_type ADD COLUMN assignee_id bigint REFERENCES user_account;
COMMENT ON COLUMN service_request_type.assignee_id IS 'Who gets such service requests by default, NULL for nobody.';
COMMENT ON TABLE service_request_type IS 'What users of a team can ask for, with the priority, group and assignee that such a service request has by default.';
