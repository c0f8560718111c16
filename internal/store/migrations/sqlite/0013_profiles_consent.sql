-- +goose Up
CREATE INDEX profiles_consent ON profiles (marketing_consent, user_id, locale);

-- +goose Down
DROP INDEX profiles_consent;
