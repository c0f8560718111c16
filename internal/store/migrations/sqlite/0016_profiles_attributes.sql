-- +goose Up
ALTER TABLE profiles ADD COLUMN attributes TEXT NULL;

-- +goose Down
ALTER TABLE profiles DROP COLUMN attributes;
