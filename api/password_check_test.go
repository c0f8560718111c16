package api

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"registrar/api/openapi"
	"registrar/internal/user"
)

// hints are the fields of a registration that a password check may have.
func hints() map[string]any {
	body := validBody()
	delete(body, "locale")
	delete(body, "marketing_consent")
	return body
}

// passwordVerdict returns the errors of the field password in an answer to a registration; none if it accepts the password.
func passwordVerdict(errs []openapi.FieldError) (verdict []openapi.FieldError) {
	for _, e := range errs {
		if e.Field == openapi.FieldErrorFieldPassword {
			verdict = append(verdict, e)
		}
	}
	return verdict
}

// TestPasswordCheckAgreesWithRegistration sends each password and incomplete form to both operations. The breach check knows
// every password with an x.
func TestPasswordCheckAgreesWithRegistration(t *testing.T) {
	t.Parallel()
	const minScore = 3
	s := setup(t, func(d *Deps) {
		d.Rules = user.Rules{MinPasswordLength: 9, MinPasswordScore: minScore, ServiceNames: []string{"Acme Direct"}}
		d.Breach = fakeBreach(func(_ context.Context, password string) (bool, error) { return strings.Contains(password, "x"), nil })
	})
	body := hints()
	rapid.Check(t, func(r *rapid.T) {
		typed := maps.Clone(body)
		typed["password"] = rapid.OneOf(
			rapid.StringMatching(`(zoelle|Nguyễnová|acme|pass|word|1701234567|[a-zA-Z0-9@$! ]){1,8}`), rapid.StringMatching(`[a-z]{6,12}`),
			rapid.StringN(0, 140, -1).Filter(func(s string) bool { return !strings.ContainsRune(s, utf8.RuneError) }), // not in the contract
		).Draw(r, "password")
		if rapid.Bool().Draw(r, "incomplete") {
			typed["email"] = rapid.StringMatching(`[a-z]{0,9}@?[a-z.]{0,5}`).Draw(r, "email")
		}
		w := s.send(t, "POST", passwordChecksPath, with(typed, nil))
		require.Equal(r, 200, w.Code, w.Body)
		check := decode[openapi.PasswordCheck](t, w)
		require.Equal(r, check.Accepted, check.Score >= minScore)
		require.Equal(r, check.Accepted, check.Errors == nil)

		w = s.send(t, "POST", registrations, with(typed, nil))
		invalid := w.Code != 201 && passwordVerdict(problemBody(t, w).Errors) == nil
		if invalid { // by another field: the breach check comes last
			typed["email"] = body["email"]
			w = s.send(t, "POST", registrations, with(typed, nil))
			check = decode[openapi.PasswordCheck](t, s.send(t, "POST", passwordChecksPath, with(typed, nil)))
		}
		if w.Code == 201 {
			require.True(r, check.Accepted)
			return
		}
		require.Equal(r, passwordVerdict(problemBody(t, w).Errors), check.Errors)
	})
}

func TestPasswordCheck(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for name, tt := range map[string]struct {
		body map[string]any
		want openapi.PasswordCheck
	}{
		"good":            {map[string]any{}, openapi.PasswordCheck{Accepted: true, Score: 4}},
		"only a password": {map[string]any{"first_name": nil, "last_name": nil, "username": nil, "email": nil, "mobile_number": nil}, openapi.PasswordCheck{Accepted: true, Score: 4}},
		"other fields are not usable": {
			map[string]any{"first_name": "\u0000", "last_name": strings.Repeat("x", 999), "username": "?", "email": "zoelle@", "mobile_number": "+"},
			openapi.PasswordCheck{Accepted: true, Score: 4},
		},
		"short":  {map[string]any{"password": "violet"}, refused(user.CodeTooShort, "must have at least 8 characters")},
		"empty":  {map[string]any{"password": ""}, refused(user.CodeRequired, "is required")},
		"common": {map[string]any{"password": "Passw0rd1"}, refused(user.CodeTooWeak, "is too easy to guess")},
		"name":   {map[string]any{"password": "zoelle.n2026"}, refused(user.CodeTooWeak, "is too easy to guess")},
		"half of an email": {
			map[string]any{"password": "harbour-2026", "email": "harbour@"}, refused(user.CodeTooWeak, "is too easy to guess"),
		},
		"number": {map[string]any{"password": "01701234567"}, refused(user.CodeTooWeak, "is too easy to guess")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := s.send(t, "POST", passwordChecksPath, with(hints(), tt.body))
			require.Equal(t, 200, w.Code, w.Body)
			require.Equal(t, tt.want, decode[openapi.PasswordCheck](t, w))
		})
	}
}

// refused is the answer for a password that is refused with score 0.
func refused(code user.Code, message string) openapi.PasswordCheck {
	return openapi.PasswordCheck{Errors: []openapi.FieldError{
		{Field: openapi.FieldErrorFieldPassword, Code: openapi.FieldErrorCode(code), Message: message},
	}}
}

func TestPasswordCheckBreach(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		found    bool
		err      error
		required bool
		status   int
	}{
		"not found":    {false, nil, true, 200},
		"found":        {true, nil, false, 200},
		"fails open":   {false, errors.New("timeout"), false, 200},
		"fails closed": {false, errors.New("timeout"), true, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(d *Deps) {
				d.BreachRequired = tt.required
				d.Breach = fakeBreach(func(context.Context, string) (bool, error) { return tt.found, tt.err })
			})
			w := s.send(t, "POST", passwordChecksPath, with(hints(), nil))
			require.Equal(t, tt.status, w.Code, w.Body)
			switch {
			case tt.required && tt.err != nil:
				requireProblem(t, w, 503, openapi.ProblemCodeUnavailable)
			case tt.found:
				require.Equal(t, refused(user.CodeBreached, "is known from a data breach; please choose another one"), decode[openapi.PasswordCheck](t, w))
			default:
				require.True(t, decode[openapi.PasswordCheck](t, w).Accepted)
			}
		})
	}
}

// TestRefusedPasswordsAreNotLookedUp keeps parts of most half-typed passwords from the breach check.
func TestRefusedPasswordsAreNotLookedUp(t *testing.T) {
	t.Parallel()
	s := setup(t, func(d *Deps) {
		d.Breach = fakeBreach(func(context.Context, string) (bool, error) { panic("must not be asked") })
	})
	w := s.send(t, "POST", passwordChecksPath, with(hints(), map[string]any{"password": "zoelle-2026"}))
	require.False(t, decode[openapi.PasswordCheck](t, w).Accepted)
}

func TestPasswordChecksThatAreRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for name, tt := range map[string]struct {
		body   string
		status int
		code   openapi.ProblemCode
	}{
		"consent":       {`{"password":"a","marketing_consent":true}`, 400, openapi.ProblemCodeUnknownField},
		"number":        {`{"password":12345678}`, 400, openapi.ProblemCodeWrongType},
		"null":          {`{"password":null}`, 400, openapi.ProblemCodeWrongType},
		"half a letter": {`{"password":"\ud800"}`, 400, openapi.ProblemCodeInvalidJSON},
		"two passwords": {`{"password":"a","password":"b"}`, 400, openapi.ProblemCodeDuplicateField},
		"large":         {`{"password":"` + strings.Repeat("a", maxBody) + `"}`, 413, openapi.ProblemCodeBodyTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireProblem(t, s.send(t, "POST", passwordChecksPath, tt.body), tt.status, tt.code)
		})
	}
}
