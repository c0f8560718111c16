-- +goose Up
CREATE TABLE IF NOT EXISTS delivery_attempts (
    id              BIGINT NOT NULL AUTO_INCREMENT,
    registration_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind            VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence        INT NOT NULL,
    channel         VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    number          INT NOT NULL,
    provider        VARCHAR(64) NOT NULL,
    failure         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    code            VARCHAR(255) NOT NULL,
    at              DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    KEY delivery_attempts_registration_id (registration_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS delivery_attempts;
