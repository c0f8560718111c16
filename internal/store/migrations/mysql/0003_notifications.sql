-- +goose Up
CREATE TABLE IF NOT EXISTS notifications (
    registration_id     CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    user_id             CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind                VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    channel             VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence            INT NOT NULL,
    provider            VARCHAR(64) NOT NULL,
    provider_message_id VARCHAR(255) NOT NULL,
    status              VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    error_code          VARCHAR(255) NULL,
    created_at          DATETIME(6) NOT NULL,
    sent_at             DATETIME(6) NOT NULL,
    delivered_at        DATETIME(6) NULL,
    PRIMARY KEY (registration_id, kind, sequence)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS notifications;
