-- +goose Up
ALTER TABLE notifications ADD COLUMN reported_at DATETIME NULL;
CREATE INDEX notifications_provider_message ON notifications (provider, provider_message_id);

-- +goose Down
DROP INDEX notifications_provider_message;
ALTER TABLE notifications DROP COLUMN reported_at;
