package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
	"registrar/internal/user"
)

func BenchmarkHandler(b *testing.B) {
	for name, request := range map[string]func() *http.Request{
		"register": func() *http.Request {
			r := httptest.NewRequest("POST", registrations, strings.NewReader(with(validBody(), nil)))
			r.Header.Set("Content-Type", "application/json")
			return r
		},
		"invalid": func() *http.Request {
			r := httptest.NewRequest("POST", registrations, strings.NewReader(`{}`))
			r.Header.Set("Content-Type", "application/json")
			return r
		},
		"status":  func() *http.Request { return httptest.NewRequest("GET", registrationPath, nil) },
		"healthz": func() *http.Request { return httptest.NewRequest("GET", "/healthz", nil) },
	} {
		b.Run(name, func(b *testing.B) {
			s := setup(b)
			var times []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				begin := time.Now()
				s.handler.ServeHTTP(httptest.NewRecorder(), request())
				times = append(times, time.Since(begin))
				s.logs.Reset()
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)*99/100]), "p99-ns/op")
		})
	}
}

// BenchmarkGuess tests one guess of a password against the data of a registration in Temporal, as an attacker with the keys and a history
// could: against a fingerprint over the password itself, and against the service's, which needs the hash first.
func BenchmarkGuess(b *testing.B) {
	s := &server{Deps: Deps{Keys: keyring(), Hasher: secret.NewHasher(secret.HasherOptions{})}}
	profile, salt := user.Profile{FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com"}, make([]byte, 16)
	for name, guess := range map[string]func(){
		"fast": func() { s.fingerprint(profile, password) },
		"slow": func() {
			hash, err := s.Hasher.Hash(b.Context(), password, salt)
			require.NoError(b, err)
			s.fingerprint(profile, hash)
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				guess()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "guesses/s")
		})
	}
}
