package main

import (
	"context"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api"
	"registrar/api/openapi"
	"registrar/internal/config"
	"registrar/internal/secret"
)

// blockingHasher hashes passwords while it is open. A closed one tells entered about each password, and waits.
type blockingHasher struct {
	api.Hasher
	open    chan struct{}
	entered chan struct{}
}

func (h blockingHasher) Hash(ctx context.Context, password string, salt []byte) (string, error) {
	select {
	case <-h.open:
	default:
		h.entered <- struct{}{}
		<-h.open
	}
	return h.Hasher.Hash(ctx, password, salt)
}

// Beyond its limit, the service refuses new registrations, and still serves users who have one. Afterwards, it admits all.
func TestOverload(t *testing.T) {
	t.Parallel()
	cheap := secret.CheapParams()
	hasher := blockingHasher{secret.NewHasher(secret.HasherOptions{Params: &cheap}), make(chan struct{}), make(chan struct{})}
	// The limit is 2 from the start: as many as hash and wait. It does not depend on the speed of the machine.
	s := startServiceWith(t, hasher, "HASH_CONCURRENCY=1", "HASH_QUEUE=1")

	results := make(chan answer, 3)
	register := func(form openapi.RegistrationRequest) {
		a, err := s.call(t.Context(), http.MethodPost, registrations, form)
		if err != nil {
			t.Error(err)
		}
		results <- a
	}
	early := newForm()
	go register(early)
	<-hasher.entered
	hasher.open <- struct{}{} // for this one only
	created := decode[openapi.RegistrationCreated](t, <-results, http.StatusCreated)
	code := s.awaitCode(t, early.MobileNumber, 1)

	for range 2 {
		go register(newForm())
		<-hasher.entered
	}
	late := newForm()
	refused := s.register(t, late)
	requireProblem(t, refused, http.StatusServiceUnavailable, openapi.ProblemCodeOverloaded)
	seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, seconds)
	s.requireActive(t, created.RegistrationID, code)

	close(hasher.open)
	for range 2 {
		decode[openapi.RegistrationCreated](t, <-results, http.StatusCreated)
	}
	for range 10 {
		s.mustRegister(t, newForm())
	}
	s.mustRegister(t, late)
}

func startServiceWith(t *testing.T, hasher api.Hasher, settings ...string) *testService {
	t.Helper()
	c, err := config.Load(append(append(defaults(), testSettings...), settings...))
	require.NoError(t, err)
	s, err := start(context.WithoutCancel(t.Context()), options{data: t.TempDir(), config: c, logger: discardLogger(), hasher: hasher})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.stop()) })
	return &testService{newTestClient(s.base), s}
}
