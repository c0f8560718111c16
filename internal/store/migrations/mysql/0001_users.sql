-- MySQL commits DDL at once. IF [NOT] EXISTS allows a migration to run again if it stopped before its version was recorded.

-- +goose Up
CREATE TABLE IF NOT EXISTS users (
    id                CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    registration_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    username          VARCHAR(64) CHARACTER SET ascii COLLATE ascii_general_ci NULL,
    email             VARCHAR(320) NOT NULL,
    email_canonical   VARCHAR(320) NOT NULL,
    password_hash     VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    mobile_e164       VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
    status            VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    requested_at      DATETIME(6) NOT NULL,
    verified_at       DATETIME(6) NULL,
    email_verified_at DATETIME(6) NULL,
    created_at        DATETIME(6) NOT NULL,
    updated_at        DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY users_registration_id (registration_id),
    UNIQUE KEY users_email_canonical (email_canonical),
    UNIQUE KEY users_username (username)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS users;
