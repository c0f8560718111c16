-- Receipts of erased users, without personal data, and keys for erasures and for the retention of the ledger. The last
-- statement of up cannot run again, so a migration that stopped before it can.

-- +goose Up
CREATE TABLE IF NOT EXISTS erasures (
    id              CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    user_id         CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    registration_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    actor           VARCHAR(64) NOT NULL,
    requested_at    DATETIME(6) NOT NULL,
    completed_at    DATETIME(6) NULL,
    counts          JSON NOT NULL,
    PRIMARY KEY (id),
    KEY erasures_user_id (user_id),
    KEY erasures_registration_id (registration_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
ALTER TABLE notifications
    ADD KEY notifications_user_id (user_id),
    ADD KEY notifications_sent_at (sent_at);

-- +goose Down
ALTER TABLE notifications
    DROP KEY notifications_sent_at,
    DROP KEY notifications_user_id;
DROP TABLE IF EXISTS erasures;
