-- +goose Up
CREATE TABLE delivery_attempts (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    registration_id TEXT NOT NULL,
    kind            TEXT NOT NULL,
    sequence        INTEGER NOT NULL,
    channel         TEXT NOT NULL,
    number          INTEGER NOT NULL,
    provider        TEXT NOT NULL,
    failure         TEXT NOT NULL,
    code            TEXT NOT NULL,
    at              DATETIME NOT NULL
);
CREATE INDEX delivery_attempts_registration_id ON delivery_attempts (registration_id);

-- +goose Down
DROP TABLE delivery_attempts;
