-- The table that the monolith had before, without the columns that only it needs.
CREATE TABLE IF NOT EXISTS users (
	registration_id   TEXT PRIMARY KEY,
	user_id           TEXT NOT NULL,
	status            TEXT NOT NULL,
	email             TEXT NOT NULL COLLATE NOCASE,
	email_verified    INTEGER NOT NULL,
	username          TEXT NOT NULL COLLATE NOCASE,
	mobile_number     TEXT NOT NULL,
	mobile_verified   INTEGER NOT NULL,
	first_name        TEXT NOT NULL,
	last_name         TEXT NOT NULL,
	locale            TEXT NOT NULL,
	marketing_consent INTEGER NOT NULL,
	attributes        TEXT NOT NULL, -- a JSON object, or empty
	password_hash     TEXT NOT NULL  -- PHC; empty if events come without it
);
CREATE INDEX IF NOT EXISTS users_email ON users (email);
CREATE INDEX IF NOT EXISTS users_username ON users (username);
CREATE INDEX IF NOT EXISTS users_mobile_number ON users (mobile_number);

-- The last event of each registration. A row stays after its user is erased, so that a late event does not bring the user back.
-- It has no personal data.
CREATE TABLE IF NOT EXISTS sequences (
	registration_id TEXT PRIMARY KEY,
	sequence        INTEGER NOT NULL
);

-- The deliveries of the last 30 days, to recognize one that comes twice.
CREATE TABLE IF NOT EXISTS deliveries (
	webhook_id  TEXT PRIMARY KEY,
	received_at INTEGER NOT NULL -- Unix time in seconds
);

CREATE TABLE IF NOT EXISTS counters (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
);
