-- +goose Up
CREATE TABLE provider_pauses (
    provider TEXT NOT NULL PRIMARY KEY,
    reason   TEXT NOT NULL,
    since    DATETIME NOT NULL
);

-- +goose Down
DROP TABLE provider_pauses;
