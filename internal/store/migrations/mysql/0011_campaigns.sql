-- +goose Up
CREATE TABLE IF NOT EXISTS campaigns (
    id          CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name        VARCHAR(255) NOT NULL,
    subject     VARCHAR(1000) NOT NULL,
    text        MEDIUMTEXT NOT NULL,
    html        MEDIUMTEXT NOT NULL,
    locale      VARCHAR(255) NOT NULL,
    status      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    recipients  INT NULL,
    sent        INT NOT NULL,
    rejected    INT NOT NULL,
    schedule_at DATETIME(6) NULL,
    rate        DOUBLE NOT NULL,
    created_at  DATETIME(6) NOT NULL,
    started_at  DATETIME(6) NULL,
    ended_at    DATETIME(6) NULL,
    PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS campaigns;
