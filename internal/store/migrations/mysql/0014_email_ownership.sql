-- An address belongs to the user who has proven it: email_held is unique. Other users may have the same address, unproven.

-- +goose Up
ALTER TABLE users
    MODIFY email VARCHAR(320) NULL,
    MODIFY email_canonical VARCHAR(320) NULL,
    ADD COLUMN mobile_verified_at DATETIME(6) NULL AFTER email_verified_at,
    ADD COLUMN email_released_at DATETIME(6) NULL AFTER mobile_verified_at,
    ADD COLUMN email_released_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER email_released_at,
    ADD COLUMN email_held VARCHAR(320)
        GENERATED ALWAYS AS (CASE WHEN email_verified_at IS NULL THEN NULL ELSE email_canonical END) STORED,
    DROP KEY users_email_canonical,
    ADD KEY users_email_canonical (email_canonical),
    ADD UNIQUE KEY users_email_held (email_held),
    ADD KEY users_email_released_by (email_released_by);
UPDATE users SET mobile_verified_at = verified_at WHERE email_verified_at IS NULL AND mobile_e164 IS NOT NULL;

-- +goose Down
-- Users without an address, and all users of an address but one, do not fit the old table and are deleted.
DELETE FROM users WHERE email_canonical IS NULL;
DELETE users FROM users JOIN users AS other ON other.email_canonical = users.email_canonical AND other.id <> users.id
    AND ((other.email_verified_at IS NULL) < (users.email_verified_at IS NULL)
    OR (other.email_verified_at IS NULL) = (users.email_verified_at IS NULL) AND other.id < users.id);
ALTER TABLE users
    DROP KEY users_email_released_by,
    DROP KEY users_email_held,
    DROP KEY users_email_canonical,
    DROP COLUMN email_held,
    DROP COLUMN email_released_by,
    DROP COLUMN email_released_at,
    DROP COLUMN mobile_verified_at,
    MODIFY email VARCHAR(320) NOT NULL,
    MODIFY email_canonical VARCHAR(320) NOT NULL,
    ADD UNIQUE KEY users_email_canonical (email_canonical);
