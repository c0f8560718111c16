-- +goose Up
CREATE TABLE IF NOT EXISTS suppressions (
    address  VARCHAR(320) NOT NULL,
    reason   VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    source   VARCHAR(64) NOT NULL,
    since    DATETIME(6) NOT NULL,
    PRIMARY KEY (address, reason)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS suppressions;
