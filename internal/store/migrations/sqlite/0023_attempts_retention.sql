-- +goose Up
CREATE INDEX delivery_attempts_at ON delivery_attempts (at);

-- +goose Down
DROP INDEX delivery_attempts_at;
