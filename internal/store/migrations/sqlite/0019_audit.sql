-- Who did what with which user. Rows outlive their user.

-- +goose Up
CREATE TABLE audit (
    id      TEXT NOT NULL PRIMARY KEY,
    at      DATETIME NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    user_id TEXT NULL,
    detail  TEXT NULL
);
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_user ON audit (user_id, at);
CREATE INDEX audit_actor ON audit (actor, at);

-- +goose Down
DROP TABLE audit;
