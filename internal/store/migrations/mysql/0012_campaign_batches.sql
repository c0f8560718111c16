-- +goose Up
CREATE TABLE IF NOT EXISTS campaign_batches (
    campaign_id         CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    number              INT NOT NULL,
    after_id            CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    last_id             CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    size                INT NOT NULL,
    rejected            INT NOT NULL,
    provider            VARCHAR(64) NOT NULL,
    provider_message_id VARCHAR(255) NOT NULL,
    sent_at             DATETIME(6) NOT NULL,
    PRIMARY KEY (campaign_id, number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS campaign_batches;
