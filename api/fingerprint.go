package api

import (
	"strconv"
	"strings"

	"registrar/internal/user"
	"registrar/workflows"
)

// hashedForm marks fingerprints over the slow hash of the password. Those of releases before have no mark.
const hashedForm = "v2."

// fingerprint tells a repeated request from another one under the same key. It takes the password as its slow hash, which
// repeats under a key. So a guess of the password costs as much with the fingerprint as with the hash, also with the keys.
func (s *server) fingerprint(p user.Profile, passwordHash string) string {
	return hashedForm + s.fingerprintOf(p, passwordHash)
}

// fingerprintOf takes the password as its hash, or as it is.
func (s *server) fingerprintOf(p user.Profile, password string) string {
	return s.Keys.Fingerprint(p.FirstName, p.LastName, p.Username, p.Email, p.Mobile, p.Locale,
		strconv.FormatBool(p.MarketingConsent), password)
}

// request is a form that was checked, and the registration that it asks for.
type request struct {
	workflows.RegistrationInput
	keyed    bool   // by an Idempotency-Key
	password string // normalised; it never leaves the API
}

// has tells whether a stored fingerprint is that of the request.
func (s *server) has(r request, stored string) bool {
	if !strings.HasPrefix(stored, hashedForm) {
		// A release before stored it over the password itself, a fast hash of it. Here it is compared and forgotten. To be
		// deleted when Temporal keeps no registration of such a release: VERIFICATION_WINDOW, PARKING_TIME and the namespace's
		// retention after the last of its processes stopped.
		return stored == s.fingerprintOf(r.Profile, r.password)
	}
	return stored == r.Fingerprint
}
