-- +goose Up
ALTER TABLE notifications
    ADD COLUMN reported_at DATETIME(6) NULL,
    ADD KEY notifications_provider_message (provider, provider_message_id);

-- +goose Down
ALTER TABLE notifications
    DROP KEY notifications_provider_message,
    DROP COLUMN reported_at;
