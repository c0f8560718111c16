-- +goose Up
ALTER TABLE profiles
    ADD COLUMN terms_version VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN terms_accepted_at DATETIME(6) NULL;

-- +goose Down
ALTER TABLE profiles
    DROP COLUMN terms_version,
    DROP COLUMN terms_accepted_at;
