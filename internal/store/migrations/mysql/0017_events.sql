-- Events are written with the changes that they announce. event_deliveries has the endpoints that no longer need an event. users.events is the
-- sequence of the user's last event. The last statement cannot run again, so a migration that stopped before it can.

-- +goose Up
CREATE TABLE IF NOT EXISTS events (
    id              CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    registration_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    user_id         CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence        INT NOT NULL,
    type            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason          VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    imported        BOOLEAN NOT NULL,
    caused_by       CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    body            MEDIUMTEXT NULL,
    occurred_at     DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY events_sequence (registration_id, user_id, sequence),
    KEY events_caused_by (caused_by),
    KEY events_user_id (user_id),
    KEY events_occurred_at (occurred_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS event_deliveries (
    event_id     CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    endpoint     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    status       VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    delivered_at DATETIME(6) NOT NULL,
    PRIMARY KEY (event_id, endpoint),
    CONSTRAINT event_deliveries_event FOREIGN KEY (event_id) REFERENCES events (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
ALTER TABLE users ADD COLUMN events INT NOT NULL DEFAULT 0;

-- +goose Down
DROP TABLE IF EXISTS event_deliveries;
DROP TABLE IF EXISTS events;
ALTER TABLE users DROP COLUMN events;
