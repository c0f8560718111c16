-- +goose Up
CREATE TABLE profiles (
    user_id           TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    first_name        TEXT NOT NULL,
    last_name         TEXT NOT NULL,
    locale            TEXT NOT NULL,
    marketing_consent BOOLEAN NOT NULL,
    consent_at        DATETIME NULL
);

-- +goose Down
DROP TABLE profiles;
