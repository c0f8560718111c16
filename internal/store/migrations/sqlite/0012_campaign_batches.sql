-- +goose Up
CREATE TABLE campaign_batches (
    campaign_id         TEXT NOT NULL,
    number              INTEGER NOT NULL,
    after_id            TEXT NOT NULL,
    last_id             TEXT NOT NULL,
    size                INTEGER NOT NULL,
    rejected            INTEGER NOT NULL,
    provider            TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    sent_at             DATETIME NOT NULL,
    PRIMARY KEY (campaign_id, number)
);

-- +goose Down
DROP TABLE campaign_batches;
