-- +goose Up
ALTER TABLE profiles ADD COLUMN terms_version TEXT NOT NULL DEFAULT '';
ALTER TABLE profiles ADD COLUMN terms_accepted_at DATETIME NULL;

-- +goose Down
ALTER TABLE profiles DROP COLUMN terms_version;
ALTER TABLE profiles DROP COLUMN terms_accepted_at;
