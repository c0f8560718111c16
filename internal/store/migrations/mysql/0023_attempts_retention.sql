-- The retention of failed attempts deletes the oldest first.

-- +goose Up
ALTER TABLE delivery_attempts ADD KEY delivery_attempts_at (at);

-- +goose Down
ALTER TABLE delivery_attempts DROP KEY delivery_attempts_at;
