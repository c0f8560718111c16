-- +goose Up
CREATE TABLE campaigns (
    id          TEXT NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    text        TEXT NOT NULL,
    html        TEXT NOT NULL,
    locale      TEXT NOT NULL,
    status      TEXT NOT NULL,
    recipients  INTEGER NULL,
    sent        INTEGER NOT NULL,
    rejected    INTEGER NOT NULL,
    schedule_at DATETIME NULL,
    rate        REAL NOT NULL,
    created_at  DATETIME NOT NULL,
    started_at  DATETIME NULL,
    ended_at    DATETIME NULL
);

-- +goose Down
DROP TABLE campaigns;
