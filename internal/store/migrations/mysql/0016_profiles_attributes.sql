-- +goose Up
ALTER TABLE profiles ADD COLUMN attributes JSON NULL;

-- +goose Down
ALTER TABLE profiles DROP COLUMN attributes;
