-- A token is valid for one report only: the report with this digest.

-- +goose Up
CREATE TABLE IF NOT EXISTS report_tokens (
    provider    VARCHAR(64) NOT NULL,
    token       VARCHAR(255) NOT NULL,
    digest      CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    received_at DATETIME(6) NOT NULL,
    PRIMARY KEY (provider, token),
    KEY report_tokens_received_at (received_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS report_tokens;
