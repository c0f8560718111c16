package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

const registrations = "/v1/registrations"

func TestRegister(t *testing.T) {
	t.Parallel()
	var got workflows.RegistrationInput
	var hashed string
	s := setup(t, func(d *Deps) {
		d.Hasher = fakeHasher(func(_ context.Context, password string, _ []byte) (string, error) {
			hashed = password
			return "$argon2id$hash", nil
		})
	})
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		got = in
		return stored(in), nil
	}
	w := s.send(t, "POST", registrations, with(validBody(), nil))

	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	body := decode[openapi.RegistrationCreated](t, w)
	require.Equal(t, openapi.RegistrationCreated{
		RegistrationID:    got.RegistrationID,
		RegistrationToken: keyring().RegistrationToken(got.RegistrationID),
		Status:            openapi.StatusPendingVerification,
		Message:           "We sent you a code by SMS. Enter it to activate your account.",
		Verification: openapi.Verification{
			Channel: openapi.VerificationChannelSMS, Destination: "+49•••••••567",
			ExpiresAt:   now.Add(10 * time.Minute).Truncate(time.Second),
			ResendAfter: now.Add(31 * time.Second).Truncate(time.Second),
		},
	}, body)
	require.Equal(t, registrations+"/"+body.RegistrationID, w.Header().Get("Location"))

	require.Equal(t, uuid.Version(7), uuid.MustParse(got.RegistrationID).Version())
	require.Equal(t, "violet-harbour-91-kettle", hashed)
	require.Equal(t, "$argon2id$hash", got.PasswordHash)
	require.Equal(t, now, got.RequestedAt)
	require.Equal(t, workflows.DefaultPolicy(), got.Policy)
	require.Equal(t, keyring().KeyID(), got.OTPKeyID)
	require.Len(t, got.CodeDigests, 10, "two codes and three more, and as many after a reset")
	require.Equal(t, user.Profile{
		FirstName: "Zoelle", LastName: "Nguyễnová", Username: "zoelle.n", Email: "Zoelle@example.com",
		EmailCanonical: "zoelle@example.com", Mobile: "+491701234567", Locale: "fr-CA", MarketingConsent: true,
	}, got.Profile)
}

func TestRegisterOutcomes(t *testing.T) {
	t.Parallel()
	persisted := func(status workflows.RegistrationStatus, refusal user.Code) workflows.Persisted {
		return workflows.Persisted{Outcome: workflows.Outcome{Status: status, Refusal: refusal, UserID: userID, Verification: sent()}}
	}
	for _, tt := range []struct {
		name   string
		out    workflows.Persisted
		err    error
		status int
		code   openapi.ProblemCode
		retry  string
	}{
		{"stored", persisted(workflows.StatusPending, ""), nil, 201, "", ""},
		{"active since", persisted(workflows.StatusActive, ""), nil, 201, "", ""},
		{"unconfirmed", workflows.Persisted{}, fmt.Errorf("wait: %w", engine.ErrUnconfirmed), 202, "", ""},
		{"email taken", persisted(workflows.StatusRejected, user.CodeEmailTaken), nil, 409, "email_taken", ""},
		{"username taken", persisted(workflows.StatusRejected, user.CodeUsernameTaken), nil, 409, "username_taken", ""},
		{"superseded", persisted(workflows.StatusSuperseded, ""), nil, 409, "superseded", ""},
		{"superseded at once", persisted(workflows.StatusRejected, user.CodeSuperseded), nil, 409, "superseded", ""},
		{"expired since", persisted(workflows.StatusExpired, ""), nil, 410, "registration_closed", ""},
		{"failed since", persisted(workflows.StatusFailed, ""), nil, 410, "registration_closed", ""},
		{"unknown refusal", persisted(workflows.StatusRejected, "new_rule"), nil, 500, "internal", ""},
		{"unknown status", persisted("new_status", ""), nil, 500, "internal", ""},
		{"defect", workflows.Persisted{}, errors.New("unexpected"), 500, "internal", ""},
		{"unavailable", workflows.Persisted{}, fmt.Errorf("dial: %w", engine.ErrUnavailable), 503, "unavailable", "3"},
		{"client gone", workflows.Persisted{}, context.Canceled, 503, "unavailable", "3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
				tt.out.Fingerprint = in.Fingerprint
				return tt.out, tt.err
			}
			w := s.send(t, "POST", registrations, with(validBody(), nil))
			require.Equal(t, tt.status, w.Code, w.Body)
			require.Equal(t, tt.retry, w.Header().Get("Retry-After"))
			if tt.code != "" {
				requireProblem(t, w, tt.status, tt.code)
				return
			}
			progress := decode[openapi.Progress](t, w)
			require.Equal(t, registrations+"/"+progress.RegistrationID, w.Header().Get("Location"))
			want := map[int]openapi.Status{201: openapi.StatusPendingVerification, 202: openapi.StatusAccepted}
			require.Equal(t, want[tt.status], progress.Status)
		})
	}
}

func TestRegisterReportsAllInvalidFields(t *testing.T) {
	t.Parallel()
	s := setup(t)
	w := s.send(t, "POST", registrations, `{"password": "short", "username": "x", "mobile_number": "+49 30 901820"}`)
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	rules := map[openapi.FieldErrorField]openapi.FieldErrorCode{}
	for _, e := range problemBody(t, w).Errors {
		rules[e.Field] = e.Code
		require.NotEmpty(t, e.Message)
	}
	require.Equal(t, map[openapi.FieldErrorField]openapi.FieldErrorCode{
		"first_name": "required", "last_name": "required", "username": "too_short", "email": "required",
		"password": "too_short", "mobile_number": "not_mobile",
	}, rules)
}

func TestRegisterAcceptsFormattedNumbers(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"\u202a+49\u00a0170\u00a01234567\u202c", "٠١٧٠ ١٢٣٤٥٦٧", "0049 170 1234567", "＋４９ (170) 123–4567",
		"+49 170 1234567" + strings.Repeat("\u200b", 1000),
	} {
		s := setup(t)
		s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
			require.Equal(t, "+491701234567", in.Profile.Mobile)
			return stored(in), nil
		}
		w := s.send(t, "POST", registrations, with(validBody(), map[string]any{"mobile_number": typed}))
		require.Equal(t, 201, w.Code, "%q: %s", typed, w.Body)
	}
}

func TestRegisterOptionalFields(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"left out": with(validBody(), map[string]any{
			"username": nil, "mobile_number": nil, "locale": nil, "marketing_consent": nil,
		}),
		"null": `{"first_name":"Zoelle","last_name":"Nguyễnová","email":"zoelle@example.com",
			"password":"violet-harbour-91-kettle","username":null,"mobile_number":null,"locale":null,"marketing_consent":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
				require.Empty(t, in.Profile.Username)
				require.Empty(t, in.Profile.Mobile)
				require.False(t, in.Profile.MarketingConsent)
				return stored(in), nil
			}
			require.Equal(t, 201, s.send(t, "POST", registrations, body).Code)
		})
	}
}

// Terms are required only if the service has them.
func TestRegisterTerms(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		version string
		sent    any
		stored  string
		status  int
	}{
		"accepted":           {"2026-01", true, "2026-01", 201},
		"refused":            {"2026-01", false, "", 422},
		"left out":           {"2026-01", nil, "", 422},
		"no terms":           {"", nil, "", 201},
		"no terms, accepted": {"", true, "", 201},
		"no terms, refused":  {"", false, "", 201},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(d *Deps) { d.Rules.TermsVersion = tt.version })
			s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
				require.Equal(t, tt.stored, in.Profile.TermsVersion)
				return stored(in), nil
			}
			w := s.send(t, "POST", registrations, with(validBody(), map[string]any{"terms_accepted": tt.sent}))
			require.Equal(t, tt.status, w.Code, w.Body)
			if tt.status == 422 {
				require.Equal(t, []openapi.FieldError{
					{Field: openapi.FieldErrorFieldTermsAccepted, Code: openapi.FieldErrorCodeRequired, Message: "must be accepted"},
				}, problemBody(t, w).Errors)
			}
		})
	}
}

func TestRegisterBreach(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		found    bool
		err      error
		required bool
		status   int
	}{
		{"not found", false, nil, true, 201},
		{"found", true, nil, false, 422},
		{"fails open", false, errors.New("timeout"), false, 201},
		{"fails closed", false, errors.New("timeout"), true, 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(d *Deps) {
				d.BreachRequired = tt.required
				d.Breach = fakeBreach(func(_ context.Context, password string) (bool, error) {
					require.Equal(t, "violet-harbour-91-kettle", password)
					return tt.found, tt.err
				})
			})
			w := s.send(t, "POST", registrations, with(validBody(), nil))
			require.Equal(t, tt.status, w.Code, w.Body)
			if tt.found {
				requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
				require.Equal(t, openapi.FieldErrorCodeBreached, problemBody(t, w).Errors[0].Code)
				require.Equal(t, openapi.FieldErrorFieldPassword, problemBody(t, w).Errors[0].Field)
			}
			switch {
			case tt.status == 503:
				requireProblem(t, w, 503, openapi.ProblemCodeUnavailable)
				require.Equal(t, "3", w.Header().Get("Retry-After"))
				require.Contains(t, s.logs.String(), "check the password for breaches: timeout")
			case tt.err != nil:
				require.Contains(t, s.logs.String(), `"level":"WARN","msg":"password not checked for breaches"`)
			}
		})
	}
}

func TestRegisterHashing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		code   openapi.ProblemCode
		retry  string
	}{
		{secret.ErrSaturated, 503, openapi.ProblemCodeOverloaded, "3"},
		{fmt.Errorf("wait: %w", context.Canceled), 503, openapi.ProblemCodeUnavailable, "3"},
		{errors.New("no entropy"), 500, openapi.ProblemCodeInternal, ""},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(d *Deps) {
				d.Hasher = fakeHasher(func(context.Context, string, []byte) (string, error) { return "", tt.err })
			})
			w := s.send(t, "POST", registrations, with(validBody(), nil))
			requireProblem(t, w, tt.status, tt.code)
			require.Equal(t, tt.retry, w.Header().Get("Retry-After"))
		})
	}
}

func TestRegisterPassesTheRequestsContext(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.engine.register = func(ctx context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		require.Equal(t, "abc", requestID(ctx))
		return stored(in), nil
	}
	s.send(t, "POST", registrations, with(validBody(), nil), "X-Request-Id", "abc")
}
