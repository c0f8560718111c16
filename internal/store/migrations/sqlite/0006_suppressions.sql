-- +goose Up
CREATE TABLE suppressions (
    address  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    source   TEXT NOT NULL,
    since    DATETIME NOT NULL,
    PRIMARY KEY (address, reason)
);

-- +goose Down
DROP TABLE suppressions;
