-- Delivery reports are stored here because a report may arrive before its message is in the ledger.

-- +goose Up
CREATE TABLE IF NOT EXISTS delivery_reports (
    provider    VARCHAR(64) NOT NULL,
    message_id  VARCHAR(255) NOT NULL,
    status      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    code        VARCHAR(255) NOT NULL,
    at          DATETIME(6) NOT NULL,
    received_at DATETIME(6) NOT NULL,
    PRIMARY KEY (provider, message_id, status),
    KEY delivery_reports_received_at (received_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS delivery_reports;
