-- +goose Up
CREATE TABLE delivery_reports (
    provider    TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    status      TEXT NOT NULL,
    code        TEXT NOT NULL,
    at          DATETIME NOT NULL,
    received_at DATETIME NOT NULL,
    PRIMARY KEY (provider, message_id, status)
);
CREATE INDEX delivery_reports_received_at ON delivery_reports (received_at);

-- +goose Down
DROP TABLE delivery_reports;
