-- An address belongs to the user who has proven it. Other users may have the same address, unproven. SQLite cannot change a
-- column's constraints, so the table is copied.

-- +goose NO TRANSACTION
-- +goose Up
PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TABLE users_new (
    id                 TEXT NOT NULL PRIMARY KEY,
    registration_id    TEXT NOT NULL UNIQUE,
    username           TEXT NULL COLLATE NOCASE UNIQUE,
    email              TEXT NULL,
    email_canonical    TEXT NULL,
    password_hash      TEXT NOT NULL,
    mobile_e164        TEXT NULL,
    status             TEXT NOT NULL,
    requested_at       DATETIME NOT NULL,
    verified_at        DATETIME NULL,
    email_verified_at  DATETIME NULL,
    mobile_verified_at DATETIME NULL,
    email_released_at  DATETIME NULL,
    email_released_by  TEXT NULL,
    created_at         DATETIME NOT NULL,
    updated_at         DATETIME NOT NULL
);
INSERT INTO users_new
SELECT id, registration_id, username, email, email_canonical, password_hash, mobile_e164, status, requested_at, verified_at,
       email_verified_at, CASE WHEN email_verified_at IS NULL AND mobile_e164 IS NOT NULL THEN verified_at END, NULL, NULL, created_at, updated_at
FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
CREATE INDEX users_email_canonical ON users (email_canonical);
CREATE UNIQUE INDEX users_email_held ON users (email_canonical) WHERE email_verified_at IS NOT NULL;
CREATE INDEX users_email_released_by ON users (email_released_by);
COMMIT;
PRAGMA foreign_keys = ON;

-- +goose Down
-- Users without an address, and all users of an address but one, do not fit the old table and are deleted.
DELETE FROM users WHERE email_canonical IS NULL OR EXISTS (
    SELECT 1 FROM users AS other WHERE other.email_canonical = users.email_canonical AND other.id <> users.id
    AND ((other.email_verified_at IS NULL) < (users.email_verified_at IS NULL)
    OR (other.email_verified_at IS NULL) = (users.email_verified_at IS NULL) AND other.id < users.id));
PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TABLE users_old (
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
INSERT INTO users_old
SELECT id, registration_id, username, email, email_canonical, password_hash, mobile_e164, status, requested_at, verified_at,
       email_verified_at, created_at, updated_at
FROM users;
DROP TABLE users;
ALTER TABLE users_old RENAME TO users;
COMMIT;
PRAGMA foreign_keys = ON;
