package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/passwordhash"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.activated", 1, ada())
	for name, c := range map[string]struct {
		login, password string
		want            int
	}{
		"email":              {"ada@example.com", password, http.StatusOK},
		"username":           {"ADA", password, http.StatusOK},
		"wrong password":     {"ada@example.com", "analytical engine", http.StatusUnauthorized},
		"unknown":            {"grace@example.com", password, http.StatusUnauthorized},
		"a number, unproven": {"+491701234567", password, http.StatusUnauthorized},
		"nothing":            {"", "", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := s.logIn(t, c.login, c.password)
			require.Equal(t, c.want, status, answer)
			if c.want == http.StatusOK {
				require.JSONEq(t, `{"user_id":"ada","first_name":"Ada"}`, answer)
			}
		})
	}
}

func TestOnlyActiveUsersLogIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	sequence := 0
	for _, c := range []struct {
		status    string
		want      int
		wantWrong int // with a wrong password: the answer does not tell the status
		code      string
	}{
		{"pending_verification", http.StatusForbidden, http.StatusUnauthorized, "not_active"},
		{statusActive, http.StatusOK, http.StatusUnauthorized, "user_id"},
		{statusBlocked, http.StatusForbidden, http.StatusUnauthorized, "blocked"},
	} {
		sequence++
		s.deliver(t, "user.updated", sequence, ada(func(u *user) { u.Status = c.status }))
		status, answer := s.logIn(t, "ada", password)
		require.Equal(t, c.want, status)
		require.Contains(t, answer, c.code)
		status, _ = s.logIn(t, "ada", "wrong")
		require.Equal(t, c.wantWrong, status)
	}
}

// Anybody can enter an address, so two users may have one that neither has proven.
func TestAnUnprovenAddressFindsNobody(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.activated", 1, ada(func(u *user) { u.EmailVerified = false }))
	status, _ := s.logIn(t, "ada@example.com", password)
	require.Equal(t, http.StatusUnauthorized, status)
}

func TestTheDecoyIsAHash(t *testing.T) {
	t.Parallel()
	h, err := passwordhash.Parse(decoy)
	require.NoError(t, err)
	require.False(t, h.Verify(""))
}
