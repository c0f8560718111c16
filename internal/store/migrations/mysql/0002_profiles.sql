-- +goose Up
CREATE TABLE IF NOT EXISTS profiles (
    user_id           CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    first_name        VARCHAR(120) NOT NULL,
    last_name         VARCHAR(120) NOT NULL,
    locale            VARCHAR(255) NOT NULL,
    marketing_consent BOOLEAN NOT NULL,
    consent_at        DATETIME(6) NULL,
    PRIMARY KEY (user_id),
    CONSTRAINT profiles_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS profiles;
