-- Blocked users, and indexes for the searches of operators.

-- +goose Up
ALTER TABLE users ADD COLUMN blocked_at DATETIME NULL;
CREATE INDEX users_mobile ON users (mobile_e164, id);
CREATE INDEX users_status ON users (status, id);
CREATE INDEX users_created_at ON users (created_at);

-- +goose Down
-- The old version knows no blocked users: they are active again.
UPDATE users SET status = 'active' WHERE status = 'blocked';
DROP INDEX users_created_at;
DROP INDEX users_status;
DROP INDEX users_mobile;
ALTER TABLE users DROP COLUMN blocked_at;
