package api

import (
	"strconv"

	"registrar/internal/user"
	"registrar/workflows"
)

// fingerprint is equal for repetitions of a request under the same key, and different for other requests. It includes the
// password only as its slow hash, which is the same in repetitions. So even with the keys, guessing the password from a
// fingerprint is as slow as from the hash.
func (s *server) fingerprint(p user.Profile, passwordHash string) string {
	return s.Keys.Fingerprint(p.FirstName, p.LastName, p.Username, p.Email, p.Mobile, p.Locale,
		strconv.FormatBool(p.MarketingConsent), passwordHash)
}

// request is a checked form with its registration.
type request struct {
	workflows.RegistrationInput
	keyed    bool   // has an Idempotency-Key
	password string // normalised; it never leaves the API
}
