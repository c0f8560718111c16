package api

import (
	"context"
	"io"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/admission"
	"registrar/workflows"
)

// fullAdmission admits one registration at a time, without a time limit, and counts the refusals.
type fullAdmission struct {
	*admission.Limiter
	mu      sync.Mutex
	refused map[admission.Reason]int
}

func (a *fullAdmission) Refused(r admission.Reason) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused[r]++
}

func oneAtATime() *fullAdmission {
	return &fullAdmission{
		Limiter: admission.New(admission.Options{MaxWait: time.Hour, Min: 1, Max: 1}), refused: map[admission.Reason]int{},
	}
}

// occupy admits a registration without ending it.
func (a *fullAdmission) occupy(t testing.TB) {
	t.Helper()
	require.NotNil(t, a.Admit(false))
}

func TestRegistrationsAreRefusedWithoutCapacity(t *testing.T) {
	t.Parallel()
	a := oneAtATime()
	s := setupOrigins(t, func(d *Deps) {
		d.Admission = a
		d.Limits = fakeLimits{registration: aMinute}
	})
	a.occupy(t)
	w := s.send(t, "POST", registrations, "not even JSON", "Origin", appOrigin)
	requireProblem(t, w, 503, openapi.ProblemCodeOverloaded)
	require.Equal(t, "3", w.Header().Get("Retry-After"))
	require.Equal(t, appOrigin, w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Header().Get("Access-Control-Expose-Headers"), "Retry-After")
	require.Contains(t, s.logs.String(), `"limit":"capacity"`)
	requireProblem(t, s.send(t, "POST", passwordChecksPath, `{"password":"violet-harbour-91-kettle"}`, "Origin", appOrigin), 503, openapi.ProblemCodeOverloaded)
	require.Equal(t, map[admission.Reason]int{admission.ReasonRegistration: 1, admission.ReasonPasswordCheck: 1}, a.refused)
}

// Users who have a registration are served at any load.
func TestRegistrantsAreServedWithoutCapacity(t *testing.T) {
	t.Parallel()
	a := oneAtATime()
	s := setup(t, func(d *Deps) { d.Admission = a })
	a.occupy(t)
	require.Equal(t, 200, s.send(t, "GET", registrationPath, "").Code)
	require.Equal(t, 200, s.send(t, "POST", verificationPath, `{"code":"123456"}`).Code)
	require.Equal(t, 202, s.send(t, "POST", otpPath, "").Code)
	require.Equal(t, 200, s.send(t, "GET", "/readyz", "").Code)
}

// A permit is returned, whatever the answer. Only the time of registrations that did all of their work counts.
func TestPermitsAreReturned(t *testing.T) {
	t.Parallel()
	a := oneAtATime()
	s := setup(t, func(d *Deps) { d.Admission = a })
	for _, body := range []string{with(validBody(), nil), "no JSON", with(validBody(), map[string]any{"email": "x"}), with(validBody(), nil)} {
		require.NotEqual(t, 503, s.send(t, "POST", registrations, body).Code)
	}
	s.engine.register = func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error) { panic("defect") }
	requireProblem(t, s.send(t, "POST", registrations, with(validBody(), nil)), 500, openapi.ProblemCodeInternal)
	require.Zero(t, a.InFlight())
	require.Empty(t, a.refused)
}

// A client that sends its body slowly neither uses up the limit nor counts as a slow registration, which would lower the limit.
func TestABodyIsReadWithoutAPermit(t *testing.T) {
	t.Parallel()
	a := oneAtATime()
	s := setupSignup(t, func(d *Deps) { d.Admission = a })
	registering := 0
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		registering = a.InFlight()
		return stored(in), nil
	}
	for path, media := range map[string]string{registrations: mediaJSON, signupPath: mediaForm} {
		reading := -1
		r := httptest.NewRequest("POST", path, readerFunc(func([]byte) (int, error) {
			reading = a.InFlight()
			return 0, io.EOF
		}))
		r.Header.Set("Content-Type", media)
		s.handler.ServeHTTP(httptest.NewRecorder(), r)
		require.Zero(t, reading, path)
	}
	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil)).Code)
	require.Equal(t, 1, registering)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// The last permit may be taken while the body is read.
func TestCapacityIsCheckedAgainAfterTheBody(t *testing.T) {
	t.Parallel()
	a := oneAtATime()
	s := setup(t, func(d *Deps) { d.Admission = a })
	body := strings.NewReader(with(validBody(), nil))
	r := httptest.NewRequest("POST", registrations, readerFunc(func(p []byte) (int, error) {
		if a.InFlight() == 0 {
			a.occupy(t)
		}
		return body.Read(p)
	}))
	r.Header.Set("Content-Type", mediaJSON)
	requireProblem(t, s.serve(t, r), 503, openapi.ProblemCodeOverloaded)
	require.Equal(t, map[admission.Reason]int{admission.ReasonRegistration: 1}, a.refused)
}

// A client that lost the answer gets it under its key also without capacity for new registrations.
func TestRepetitionsAreServedWithoutCapacity(t *testing.T) {
	t.Parallel()
	a := oneAtATime()
	s := setup(t, func(d *Deps) { d.Admission = a })
	body := with(validBody(), nil)
	first := s.send(t, "POST", registrations, body, "Idempotency-Key", "known")
	require.Equal(t, 201, first.Code)
	requireProblem(t, s.send(t, "POST", registrations, "no JSON", "Idempotency-Key", "invalid"), 400, openapi.ProblemCodeInvalidJSON)
	a.occupy(t)
	again := s.send(t, "POST", registrations, body, "Idempotency-Key", "known")
	require.Equal(t, first.Body.String(), again.Body.String())
	for _, header := range [][]string{{"Idempotency-Key", "other"}, {"Idempotency-Key", "invalid"}, {"Idempotency-Key", ""}, nil} {
		requireProblem(t, s.send(t, "POST", registrations, body, header...), 503, openapi.ProblemCodeOverloaded)
	}
}

// The form of the page keeps what the user typed, and its key, so that sending it again registers once.
func TestFormIsKeptWithoutCapacity(t *testing.T) {
	t.Parallel()
	a := oneAtATime()
	s := setupSignup(t, func(d *Deps) { d.Admission = a })
	form := s.browse().open(t, "/")
	key, _ := form.input("idempotency_key")
	permit := a.Admit(false)
	p := form.submit(t, "register", typedSignup()...)
	require.Equal(t, 503, p.Code)
	require.Equal(t, "3", p.Header().Get("Retry-After"))
	require.Contains(t, p.text(), "Many people are signing up right now")
	name, _ := p.input("first_name")
	require.NotEmpty(t, name["value"])
	sameKey, _ := p.input("idempotency_key")
	require.Equal(t, key["value"], sameKey["value"])
	permit.Done(false)
	require.Equal(t, "Check your phone", p.submit(t, "register", "password", "violet-harbour-91-kettle").heading())
}

func TestKeysAreForgottenInBoundedMemory(t *testing.T) {
	t.Parallel()
	r, client, other := newRecentKeys(), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for n := range 10 * len(r.keys) {
		key := strconv.Itoa(n)
		r.add(client, key)
		require.True(t, r.has(client, key))
		require.False(t, r.has(other, key), "another client's key")
	}
	r.add(client, "")
	require.False(t, r.has(client, ""))
	require.False(t, newRecentKeys().has(client, "0"))
}

// BenchmarkRefusal measures the work of a refusal, with the log.
func BenchmarkRefusal(b *testing.B) {
	a := oneAtATime()
	s := setup(b, func(d *Deps) { d.Admission = a })
	a.occupy(b)
	body := with(validBody(), nil)
	for b.Loop() {
		if w := s.send(b, "POST", registrations, body); w.Code != 503 {
			b.Fatal(w.Code)
		}
		s.logs.Reset()
	}
}
