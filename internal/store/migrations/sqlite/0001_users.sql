-- +goose Up
CREATE TABLE users (
    id                TEXT NOT NULL PRIMARY KEY,
    registration_id   TEXT NOT NULL UNIQUE,
    username          TEXT NULL COLLATE NOCASE UNIQUE,
    email             TEXT NOT NULL,
    email_canonical   TEXT NOT NULL UNIQUE,
    password_hash     TEXT NOT NULL,
    mobile_e164       TEXT NULL,
    status            TEXT NOT NULL,
    requested_at      DATETIME NOT NULL,
    verified_at       DATETIME NULL,
    email_verified_at DATETIME NULL,
    created_at        DATETIME NOT NULL,
    updated_at        DATETIME NOT NULL
);

-- +goose Down
DROP TABLE users;
