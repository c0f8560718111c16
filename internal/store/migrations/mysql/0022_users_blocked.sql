-- Blocked users, and keys for the searches of operators. The primary key is part of each key, so results are in its order.

-- +goose Up
ALTER TABLE users
    ADD COLUMN blocked_at DATETIME(6) NULL AFTER email_released_by,
    ADD KEY users_mobile (mobile_e164),
    ADD KEY users_status (status),
    ADD KEY users_created_at (created_at);

-- +goose Down
-- The old version knows no blocked users: they are active again.
UPDATE users SET status = 'active' WHERE status = 'blocked';
ALTER TABLE users
    DROP KEY users_created_at,
    DROP KEY users_status,
    DROP KEY users_mobile,
    DROP COLUMN blocked_at;
