-- Who did what with which user. Rows outlive their user.

-- +goose Up
CREATE TABLE IF NOT EXISTS audit (
    id      CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    at      DATETIME(6) NOT NULL,
    actor   VARCHAR(64) NOT NULL,
    action  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
    detail  JSON NULL,
    PRIMARY KEY (id),
    KEY audit_at (at, id),
    KEY audit_user (user_id, at),
    KEY audit_actor (actor, at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- +goose Down
DROP TABLE IF EXISTS audit;
