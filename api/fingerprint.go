package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// fingerprint is equal for repetitions of a request under the same key, and different for other requests. It includes the
// password only as its slow hash, which is the same in repetitions. So even with the keys, guessing the password from a
// fingerprint is as slow as from the hash. It begins with the parameters of the hash, so that a replica with other parameters
// can compute the same hash.
func (s *server) fingerprint(p user.Profile, passwordHash string) string {
	return secret.ParamsOf(passwordHash) + "." + s.digest(p, passwordHash)
}

// digest is equal for equal profiles and keys. key is a hash of the password, or the purpose of a digest without one.
func (s *server) digest(p user.Profile, key string) string {
	parts := []string{
		p.FirstName, p.LastName, p.Username, p.Email, p.Mobile, p.Locale, strconv.FormatBool(p.MarketingConsent), key,
	}
	if p.Attributes != "" { // requests from before this field keep their fingerprint
		parts = append(parts, "attributes", p.Attributes)
	}
	return s.Keys.Fingerprint(parts...)
}

// request is a checked form with its registration.
type request struct {
	workflows.RegistrationInput
	keyed    bool   // has an Idempotency-Key
	password string // normalised; it never leaves the API
}

// computeLike computes the fingerprint of a repeated request with the hash parameters of the stored fingerprint. They differ
// from this replica's after a change of the configuration.
func (s *server) computeLike(ctx context.Context, stored string, r *request) error {
	params, _, _ := strings.Cut(stored, ".")
	if _, ok := secret.ParseParams(params); !ok || !r.keyed || params == secret.ParamsOf(r.PasswordHash) {
		return nil
	}
	hash, err := s.Hasher.HashLike(ctx, params, r.password, s.Keys.PasswordSalt(r.RegistrationID))
	if err != nil {
		return fmt.Errorf("hash the password with the parameters of an earlier request: %w", err)
	}
	r.Fingerprint = s.fingerprint(r.Profile, hash)
	return nil
}
