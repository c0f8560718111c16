-- +goose Up
CREATE TABLE erasures (
    id              TEXT NOT NULL PRIMARY KEY,
    user_id         TEXT NOT NULL,
    registration_id TEXT NOT NULL,
    actor           TEXT NOT NULL,
    requested_at    DATETIME NOT NULL,
    completed_at    DATETIME NULL,
    counts          TEXT NOT NULL
);
CREATE INDEX erasures_user_id ON erasures (user_id);
CREATE INDEX erasures_registration_id ON erasures (registration_id);
CREATE INDEX notifications_user_id ON notifications (user_id);
CREATE INDEX notifications_sent_at ON notifications (sent_at);

-- +goose Down
DROP INDEX notifications_sent_at;
DROP INDEX notifications_user_id;
DROP TABLE erasures;
