package api

import (
	"strconv"
	"strings"

	"registrar/internal/user"
	"registrar/workflows"
)

// hashedForm is the prefix of fingerprints that include the slow hash of the password. Fingerprints of earlier releases
// have no prefix.
const hashedForm = "v2."

// fingerprint is equal for repetitions of a request under the same key, and different for other requests. It includes the
// password only as its slow hash, which is the same in repetitions. So even with the keys, guessing the password from a
// fingerprint is as slow as from the hash.
func (s *server) fingerprint(p user.Profile, passwordHash string) string {
	return hashedForm + s.fingerprintOf(p, passwordHash)
}

// fingerprintOf computes a fingerprint. password is its slow hash or, for fingerprints of earlier releases, the password.
func (s *server) fingerprintOf(p user.Profile, password string) string {
	return s.Keys.Fingerprint(p.FirstName, p.LastName, p.Username, p.Email, p.Mobile, p.Locale,
		strconv.FormatBool(p.MarketingConsent), password)
}

// request is a checked form with its registration.
type request struct {
	workflows.RegistrationInput
	keyed    bool   // has an Idempotency-Key
	password string // normalised; it never leaves the API
}

// has reports whether a stored fingerprint is that of the request.
func (s *server) has(r request, stored string) bool {
	if !strings.HasPrefix(stored, hashedForm) {
		// An earlier release stored a fast hash that includes the password itself. Here that hash is only compared, not stored.
		// Delete this when Temporal has no registration of such a release: VERIFICATION_WINDOW + PARKING_TIME + the namespace's
		// retention after its last process stopped.
		return stored == s.fingerprintOf(r.Profile, r.password)
	}
	return stored == r.Fingerprint
}
