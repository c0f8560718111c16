-- +goose Up
CREATE TABLE notifications (
    registration_id     TEXT NOT NULL,
    user_id             TEXT NOT NULL,
    kind                TEXT NOT NULL,
    channel             TEXT NOT NULL,
    sequence            INTEGER NOT NULL,
    provider            TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    status              TEXT NOT NULL,
    error_code          TEXT NULL,
    created_at          DATETIME NOT NULL,
    sent_at             DATETIME NOT NULL,
    delivered_at        DATETIME NULL,
    PRIMARY KEY (registration_id, kind, sequence)
);

-- +goose Down
DROP TABLE notifications;
