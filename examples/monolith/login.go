package main

import (
	"net/http"

	"registrar/passwordhash"
)

// decoy is a hash of no password in use. It is verified if no user is found, so that the time of the answer does not tell whether
// there is one.
const decoy = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// logIn checks a login (an email, a username or a mobile number) and a password. The password was never here: Registrar stored
// its hash, which came with the events, because EVENTS_PASSWORD_HASH=true. A monolith that is open to the Internet also limits the
// attempts of each client and each user, and starts its session here.
func (m *monolith) logIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	a, found, err := m.users.find(r.Context(), r.PostFormValue("login"))
	if err != nil {
		m.log.Error("a login was not checked", "error", err)
		answer(w, http.StatusInternalServerError, map[string]string{"code": "internal"})
		return
	}
	if !found {
		a.PasswordHash = decoy
	}
	right := m.verify(a.PasswordHash, r.PostFormValue("password"))
	switch {
	case !right || !found:
		answer(w, http.StatusUnauthorized, map[string]string{"code": "wrong_credentials"})
	case a.Status == statusBlocked:
		answer(w, http.StatusForbidden, map[string]string{"code": "blocked"})
	case a.Status != statusActive: // only a person who knows the password learns the status
		answer(w, http.StatusForbidden, map[string]string{"code": "not_active"})
	default:
		answer(w, http.StatusOK, map[string]string{"user_id": a.UserID, "first_name": a.FirstName})
	}
}

// verify reports whether a hash is of the password. The hash is argon2id for users who signed up at Registrar; users who were imported
// keep the hash that they had. A hash costs memory on purpose, so few are verified at the same time.
func (m *monolith) verify(hash, password string) bool {
	m.verifying <- struct{}{}
	defer func() { <-m.verifying }()
	h, err := passwordhash.Parse(hash)
	return err == nil && h.Verify(password)
}
