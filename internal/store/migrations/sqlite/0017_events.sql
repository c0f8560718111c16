-- Events are written with the changes that they announce. event_deliveries has the endpoints that no longer need an event. users.events is the
-- sequence of the user's last event.

-- +goose Up
CREATE TABLE events (
    id              TEXT NOT NULL PRIMARY KEY,
    registration_id TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    sequence        INTEGER NOT NULL,
    type            TEXT NOT NULL,
    reason          TEXT NOT NULL,
    imported        BOOLEAN NOT NULL,
    caused_by       TEXT NULL,
    body            TEXT NULL,
    occurred_at     DATETIME NOT NULL,
    UNIQUE (registration_id, user_id, sequence)
);
CREATE INDEX events_caused_by ON events (caused_by);
CREATE INDEX events_user_id ON events (user_id);
CREATE INDEX events_occurred_at ON events (occurred_at);
CREATE TABLE event_deliveries (
    event_id     TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    endpoint     TEXT NOT NULL,
    status       TEXT NOT NULL,
    delivered_at DATETIME NOT NULL,
    PRIMARY KEY (event_id, endpoint)
);
ALTER TABLE users ADD COLUMN events INTEGER NOT NULL DEFAULT 0;

-- +goose Down
DROP TABLE event_deliveries;
DROP TABLE events;
ALTER TABLE users DROP COLUMN events;
