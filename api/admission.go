package api

import (
	"hash/maphash"
	"net/http"
	"net/netip"
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
	// Full reports whether Admit would return nil now. A request is refused then.
	Full(repetition bool) bool
	// Refused counts a refused request.
	Refused(admission.Reason)
}

// capacityLimit is the limit in the log (docs/operations.md) of requests that were refused because of too much work.
const capacityLimit = "capacity"

// bounded are the routes that are refused without capacity. All other requests are served at any load: they are cheap, and most come from
// users who already have a registration. A check of a password needs no permit; pages work without it.
var bounded = map[route]admission.Reason{
	{"POST", registrationsPath}:  admission.ReasonRegistration,
	{"POST", signupPath}:         admission.ReasonRegistration,
	{"POST", passwordChecksPath}: admission.ReasonPasswordCheck,
}

// refuseWork returns a handler that refuses, with fail, new work for which there is no capacity. It runs before the other checks and
// before the body is read, so a refusal is cheap and is not counted by the client's rate limits.
func (s *server) refuseWork(fail func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		reason := bounded[route{c.Request.Method, c.FullPath()}]
		if s.Admission != nil && reason != "" && s.Admission.Full(reason == admission.ReasonRegistration && s.isRepetition(c)) {
			s.refuseOverload(c, reason, fail)
		}
	}
}

// admit returns a handler that serves a registration under a permit. It runs after the body was read. Otherwise, a client that sends its
// body slowly would use up the limit, and lower it, because its request takes long.
func (s *server) admit(fail func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		reason := bounded[route{c.Request.Method, c.FullPath()}]
		if s.Admission == nil || reason != admission.ReasonRegistration {
			return
		}
		permit := s.Admission.Admit(s.isRepetition(c))
		if permit == nil {
			s.refuseOverload(c, reason, fail)
			return
		}
		s.serveAdmitted(c, permit)
	}
}

func (s *server) refuseOverload(c *gin.Context, reason admission.Reason, fail func(*gin.Context, error)) {
	s.Admission.Refused(reason)
	fail(c, &problem{code: openapi.ProblemCodeOverloaded, limit: capacityLimit})
}

// isRepetition reports whether a request has the key of a recent registration of the same client.
func (s *server) isRepetition(c *gin.Context) bool {
	return s.recent.has(clientOf(c.Request.Context()), c.GetHeader("Idempotency-Key"))
}

// serveAdmitted serves a registration and returns its permit.
func (s *server) serveAdmitted(c *gin.Context, permit *admission.Permit) {
	measured := false
	defer func() { permit.Done(measured) }()
	c.Next()
	client, key := clientOf(c.Request.Context()), c.GetHeader("Idempotency-Key")
	switch status := c.Writer.Status(); {
	case status == http.StatusCreated || status == http.StatusConflict: // the password was hashed, and the database has answered
		measured = true
		s.recent.add(client, key)
	case status == http.StatusAccepted || c.Request.Context().Err() != nil: // the client may have lost the answer
		s.recent.add(client, key)
	}
}

// recentKeys remembers the clients and idempotency keys of recent registrations, in bounded memory. A key may be forgotten; then its
// repetition is treated like a new request.
type recentKeys struct {
	seed maphash.Seed
	keys [4096]atomic.Uint64 // hashes; each has one possible place
}

type recentKey struct {
	client netip.Addr
	key    string
}

func newRecentKeys() *recentKeys { return &recentKeys{seed: maphash.MakeSeed()} }

func (r *recentKeys) place(client netip.Addr, key string) (*atomic.Uint64, uint64) {
	hash := maphash.Comparable(r.seed, recentKey{client, key})
	return &r.keys[hash%uint64(len(r.keys))], hash
}

func (r *recentKeys) add(client netip.Addr, key string) {
	if key != "" {
		at, hash := r.place(client, key)
		at.Store(hash)
	}
}

func (r *recentKeys) has(client netip.Addr, key string) bool {
	if key == "" {
		return false
	}
	at, hash := r.place(client, key)
	return at.Load() == hash
}
