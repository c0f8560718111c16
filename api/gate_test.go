package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/gate"
	"registrar/internal/limit"
	"registrar/workflows"
)

type fakeGate func(ctx context.Context, q gate.Question) (gate.Answer, error)

func (f fakeGate) Ask(ctx context.Context, q gate.Question) (gate.Answer, error) { return f(ctx, q) }

// denial is about a field, or about none.
func denial(field string) gate.Answer {
	return gate.Answer{Decision: gate.Deny, Code: "not_invited", Field: field, Texts: map[string]string{
		"en": "Please ask for an invitation.", "de": "Bitte frag nach einer Einladung.", "fr": "Demandez une invitation.",
	}}
}

// setupGate returns an API whose gate gives an answer, and the questions that the gate was asked.
func setupGate(t *testing.T, answer gate.Answer, err error, changes ...func(*Deps)) (*service, *[]gate.Question) {
	t.Helper()
	asked := new([]gate.Question)
	s := setup(t, append(changes, func(d *Deps) {
		d.Gate = fakeGate(func(_ context.Context, q gate.Question) (gate.Answer, error) {
			*asked = append(*asked, q)
			return answer, err
		})
	})...)
	return s, asked
}

func TestGateAllows(t *testing.T) {
	t.Parallel()
	s, asked := setupGate(t, gate.Answer{Decision: gate.Allow}, nil)
	started := remember(s)
	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil)).Code)
	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "s3cret-key").Code)
	require.Len(t, *asked, 2)
	for i, q := range *asked {
		require.Equal(t, started[q.RegistrationID].Profile, q.Profile)
		require.Equal(t, netip.MustParsePrefix("192.0.2.1/32"), q.Network)
		require.Equal(t, i == 1, q.Fingerprint != "", "only an answer under a key is stored")
	}
}

func TestGateDenies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		field, locale, accepted, text string
	}{
		{"email", "fr-CA", "de", "Demandez une invitation."},
		{"attributes.company", "", "es, de;q=0.5", "Bitte frag nach einer Einladung."},
		{"mobile_number", "", "", "Please ask for an invitation."},
		{"", "ja", "", "Please ask for an invitation."},
	} {
		s, asked := setupGate(t, denial(tt.field), nil, func(d *Deps) {
			d.Hasher = fakeHasher(func(context.Context, string, []byte) (string, error) { panic("hashed before the gate was asked") })
		})
		s.engine.register = func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error) { panic("started") }
		w := s.send(t, "POST", registrations, with(validBody(), map[string]any{"locale": tt.locale}), "Accept-Language", tt.accepted)
		requireProblem(t, w, 422, openapi.ProblemCodeRefusedByPolicy)
		p := problemBody(t, w)
		require.Equal(t, "not_invited", p.PolicyCode)
		require.Equal(t, tt.text, p.Detail)
		var fields []openapi.FieldError
		if tt.field != "" {
			fields = []openapi.FieldError{{Field: openapi.FieldErrorField(tt.field), Code: "refused_by_policy", Message: tt.text}}
		}
		require.Equal(t, fields, p.Errors)
		require.Len(t, *asked, 1)
	}
}

// TestGateAskedAfterTheChecks: requests that are refused anyway do not reach the gate.
func TestGateAskedAfterTheChecks(t *testing.T) {
	t.Parallel()
	full := func(d *Deps) { d.Limits = oneVerdict{verdict: limit.Verdict{Answer: limit.Refuse, Wait: time.Minute}} }
	s, asked := setupGate(t, denial(""), nil, full)
	require.Equal(t, 429, s.send(t, "POST", registrations, with(validBody(), nil)).Code)
	require.Empty(t, *asked)
	s, asked = setupGate(t, denial(""), nil)
	require.Equal(t, 422, s.send(t, "POST", registrations, with(validBody(), map[string]any{"email": "zoelle"})).Code)
	require.Empty(t, *asked)
}

func TestGateNotAskedAboutAStartedRegistration(t *testing.T) {
	t.Parallel()
	s, asked := setupGate(t, denial(""), nil)
	remember(s)
	s.engine.exists = func(_ context.Context, id string) (bool, error) {
		return id == keyring().RegistrationID("s3cret-key", "zoelle@example.com"), nil
	}
	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "s3cret-key").Code)
	require.Empty(t, *asked)

	s.engine.exists = func(context.Context, string) (bool, error) { return false, engine.ErrUnavailable }
	w := s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "s3cret-key")
	requireProblem(t, w, 503, openapi.ProblemCodeUnavailable)
	require.Empty(t, *asked)
}

// TestGateFingerprints: what the gate is asked is the same as long as the profile is.
func TestGateFingerprints(t *testing.T) {
	t.Parallel()
	s, asked := setupGate(t, denial(""), nil)
	send := func(changes map[string]any) string {
		s.send(t, "POST", registrations, with(validBody(), changes), "Idempotency-Key", "s3cret-key")
		last := (*asked)[len(*asked)-1]
		require.Equal(t, (*asked)[0].RegistrationID, last.RegistrationID)
		return last.Fingerprint
	}
	first := send(nil)
	require.Equal(t, first, send(map[string]any{"first_name": " Zoelle "}))
	require.Equal(t, first, send(map[string]any{"password": "another-harbour-91-kettle"}), "the gate does not see the password")
	for name, value := range map[string]any{"first_name": "Zoe", "username": "other", "mobile_number": nil, "locale": "de"} {
		require.NotEqual(t, first, send(map[string]any{name: value}), name)
	}
}

func TestGateErrors(t *testing.T) {
	t.Parallel()
	s, _ := setupGate(t, gate.Answer{}, fmt.Errorf("%w: the status is 500, not 200", gate.ErrUnavailable))
	w := s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "s3cret-key")
	requireProblem(t, w, 503, openapi.ProblemCodeUnavailable)
	require.Equal(t, "3", w.Header().Get("Retry-After"))
	require.Contains(t, s.logs.String(), "the status is 500")

	s, _ = setupGate(t, gate.Answer{}, gate.ErrKeyReused)
	w = s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "s3cret-key")
	requireProblem(t, w, 422, openapi.ProblemCodeIdempotencyKeyReused)

	s, _ = setupGate(t, gate.Answer{}, errors.New("a defect"))
	requireProblem(t, s.send(t, "POST", registrations, with(validBody(), nil)), 500, openapi.ProblemCodeInternal)
}

func TestSignupPageShowsTheGatesText(t *testing.T) {
	t.Parallel()
	gated := func(answer gate.Answer) func(*Deps) {
		return func(d *Deps) {
			d.Gate = fakeGate(func(context.Context, gate.Question) (gate.Answer, error) { return answer, nil })
		}
	}
	p := setupSignup(t, gated(denial("email"))).browse().open(t, "/?lang=de").submit(t, "register", typedSignup()...)
	require.Equal(t, 422, p.Code)
	input, _ := p.input("email")
	require.Equal(t, "true", input["aria-invalid"])
	require.Regexp(t, `id="signup-email-error"[^>]*>Bitte frag nach einer Einladung\.`, p.Body.String())

	for _, field := range []string{"", "attributes.company", "terms_accepted"} { // the page does not have these fields
		p = setupSignup(t, gated(denial(field))).browse().open(t, "/").submit(t, "register", typedSignup()...)
		require.Equal(t, 422, p.Code)
		require.Regexp(t, `data-summary><p>Please ask for an invitation\.</p>`, p.Body.String())
	}
}
