-- +goose Up
ALTER TABLE profiles ADD COLUMN consent_source TEXT NOT NULL DEFAULT 'registration';

-- +goose Down
ALTER TABLE profiles DROP COLUMN consent_source;
