-- +goose Up
CREATE TABLE report_tokens (
    provider    TEXT NOT NULL,
    token       TEXT NOT NULL,
    digest      TEXT NOT NULL,
    received_at DATETIME NOT NULL,
    PRIMARY KEY (provider, token)
);
CREATE INDEX report_tokens_received_at ON report_tokens (received_at);

-- +goose Down
DROP TABLE report_tokens;
