-- A row without an answer means that the gate is being asked.

-- +goose Up
CREATE TABLE IF NOT EXISTS gate_answers (
    registration_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    fingerprint     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    answer          JSON NULL,
    asked_at        DATETIME(6) NOT NULL,
    answered_at     DATETIME(6) NULL,
    PRIMARY KEY (registration_id),
    KEY gate_answers_asked_at (asked_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS gate_answers;
