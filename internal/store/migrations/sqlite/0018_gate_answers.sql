-- +goose Up
CREATE TABLE gate_answers (
    registration_id TEXT NOT NULL PRIMARY KEY,
    fingerprint     TEXT NOT NULL,
    answer          TEXT NULL,
    asked_at        DATETIME NOT NULL,
    answered_at     DATETIME NULL
);
CREATE INDEX gate_answers_asked_at ON gate_answers (asked_at);

-- +goose Down
DROP TABLE gate_answers;
