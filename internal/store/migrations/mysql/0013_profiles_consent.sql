-- +goose Up
ALTER TABLE profiles ADD KEY profiles_consent (marketing_consent, user_id, locale);

-- +goose Down
ALTER TABLE profiles DROP KEY profiles_consent;
