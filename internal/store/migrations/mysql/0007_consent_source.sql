-- +goose Up
ALTER TABLE profiles ADD COLUMN consent_source VARCHAR(64) NOT NULL DEFAULT 'registration';

-- +goose Down
ALTER TABLE profiles DROP COLUMN consent_source;
