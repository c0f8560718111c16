-- +goose Up
CREATE TABLE IF NOT EXISTS provider_pauses (
    provider VARCHAR(64) NOT NULL,
    reason   VARCHAR(1000) NOT NULL,
    since    DATETIME(6) NOT NULL,
    PRIMARY KEY (provider)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS provider_pauses;
