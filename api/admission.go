package api

import (
	"hash/maphash"
	"net/http"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
	"registrar/internal/admission"
)

// Admission bounds the registrations in progress. admission.Limiter implements it.
type Admission interface {
	// Admit returns a permit for a registration, or nil if it must be refused. A repetition of an admitted request may exceed the
	// limit for new ones.
	Admit(repetition bool) *admission.Permit
	// Full reports whether Admit would refuse a new registration now.
	Full() bool
	// Refused counts a refused request.
	Refused(admission.Reason)
}

// capacityLimit is the limit in the log (docs/operations.md) of requests that were refused because of too much work.
const capacityLimit = "capacity"

// admitted are the routes that need admission, with the step that decides. All other requests are served at any load: they are cheap, and
// most come from users who already have a registration.
var admitted = map[route]func(*server, *gin.Context) bool{
	{"POST", registrationsPath}:  (*server).admitRegistration,
	{"POST", signupPath}:         (*server).admitRegistration,
	{"POST", passwordChecksPath}: (*server).admitPasswordCheck,
}

// admit returns a handler that refuses, with fail, new work for which there is no capacity. It runs before the other checks and before
// the body is read, so a refusal is cheap and is not counted by the client's rate limits.
func (s *server) admit(fail func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		step := admitted[route{c.Request.Method, c.FullPath()}]
		if s.Admission != nil && step != nil && !step(s, c) {
			fail(c, &problem{code: openapi.ProblemCodeOverloaded, limit: capacityLimit})
		}
	}
}

// admitRegistration serves a registration under a permit.
func (s *server) admitRegistration(c *gin.Context) bool {
	key := c.GetHeader("Idempotency-Key")
	permit := s.Admission.Admit(s.recent.has(key))
	if permit == nil {
		s.Admission.Refused(admission.ReasonRegistration)
		return false
	}
	measured := false
	defer func() { permit.Done(measured) }()
	c.Next()
	switch status := c.Writer.Status(); {
	case status == http.StatusCreated || status == http.StatusConflict: // the password was hashed, and the database has answered
		measured = true
		s.recent.add(key)
	case status == http.StatusAccepted || c.Request.Context().Err() != nil: // the client may have lost the answer
		s.recent.add(key)
	}
	return true
}

// admitPasswordCheck refuses the check of a password while new registrations are refused. Pages work without it.
func (s *server) admitPasswordCheck(*gin.Context) bool {
	if s.Admission.Full() {
		s.Admission.Refused(admission.ReasonPasswordCheck)
		return false
	}
	return true
}

// recentKeys remembers the idempotency keys of recent registrations, in bounded memory. A key may be forgotten; then its repetition is
// treated like a new request.
type recentKeys struct {
	seed maphash.Seed
	keys [4096]atomic.Uint64 // hashes; each has one possible place
}

func newRecentKeys() *recentKeys { return &recentKeys{seed: maphash.MakeSeed()} }

func (r *recentKeys) place(key string) (*atomic.Uint64, uint64) {
	hash := maphash.String(r.seed, key)
	return &r.keys[hash%uint64(len(r.keys))], hash
}

func (r *recentKeys) add(key string) {
	if key != "" {
		at, hash := r.place(key)
		at.Store(hash)
	}
}

func (r *recentKeys) has(key string) bool {
	if key == "" {
		return false
	}
	at, hash := r.place(key)
	return at.Load() == hash
}
