package api

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/challenge"
	"registrar/internal/limit"
	"registrar/internal/user"
	"registrar/workflows"
)

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := setupSignup(t, func(d *Deps) { d.PublicURL = publicURL })
	called := false
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		called = true
		return stored(in), nil
	}
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		form := s.browse().open(t, "/")
		form.browser.header.Set(header[0], header[1])
		p := form.submit(t, "register", typedSignup()...)
		require.Equal(t, 403, p.Code, header)
		require.Contains(t, p.text(), "we refused a form that another site sent")
		require.False(t, called)
		for _, path := range []string{codePath, resendPath, restartPath} {
			require.Equal(t, 403, s.browse(header...).post(t, path, nil).Code, path)
		}
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", publicURL}, {"Origin", "http://example.com"}} {
		require.Equal(t, "Check your phone", s.browse(header...).open(t, "/").submit(t, "register", typedSignup()...).heading(), header)
	}
}

// A limit comes before the check of the origin. Another site must not be able to fill in the form by way of it.
func TestOtherSitesCannotFillInTheForm(t *testing.T) {
	t.Parallel()
	s := setupSignup(t, func(d *Deps) { d.Limits = exhausted{} })
	form := s.browse().open(t, "/")
	form.browser.header.Set("Sec-Fetch-Site", "cross-site")
	p := form.submit(t, "register", typedSignup()...)
	require.Equal(t, 429, p.Code)
	input, _ := p.input("first_name")
	require.Empty(t, input["value"])
}

// After an error, the address in the browser is that of a form. A reload or a bookmark can open it.
func TestAddressesOfTheFormsLeadToThePage(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	s.engine.state = in(stateOfStatus(workflows.StatusPending))
	for _, path := range []string{signupPath, codePath, resendPath, restartPath} {
		require.Equal(t, "Konto anlegen", s.browse().open(t, path+"?lang=de").heading(), path)
		b := s.withRegistration()
		require.Equal(t, "Check your phone", b.open(t, path).heading(), path)
		require.Contains(t, b.cookies, signupCookieName, "a GET changes nothing")
	}
}

func TestLimitsOfTheForms(t *testing.T) {
	t.Parallel()
	s := setupSignup(t, func(d *Deps) { d.Limits = exhausted{} })
	s.engine.register, s.engine.state, s.engine.verify, s.engine.resend = nil, nil, nil, nil // they would panic
	p := s.browse().open(t, "/").submit(t, "register", typedSignup()...)
	require.Equal(t, 429, p.Code)
	require.Equal(t, "3600", p.Header().Get("Retry-After"))
	require.Contains(t, p.text(), "There were too many requests. You can try again in 60 minutes.")
	input, _ := p.input("first_name")
	require.Equal(t, "Zoelle", input["value"])
	b := s.withRegistration()
	for _, p := range []*screen{b.open(t, "/"), b.post(t, codePath, nil), b.post(t, resendPath, nil)} {
		require.Equal(t, 429, p.Code)
		require.Contains(t, p.text(), "You can try again in 60 minutes.")
	}
}

func TestChallengeWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := setupSignup(t, func(d *Deps) {
		d.Limits = oneVerdict{verdict: limit.Verdict{Answer: limit.Challenge, Wait: time.Minute}}
		d.Challenges = challenge.NewALTCHA("key", 100)
	})
	p := s.browse().open(t, "/").submit(t, "register", typedSignup()...)
	require.Equal(t, 429, p.Code)
	require.Contains(t, p.text(), "Turn on JavaScript in your browser, or try again in 60 seconds.")
}

func TestUnreadableForms(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	for name, tt := range map[string]struct {
		media, body string
		status      int
		text        string
	}{
		"too large":       {mediaForm, "first_name=" + strings.Repeat("a", maxBody), 413, "You entered too much text."},
		"another type":    {"multipart/form-data; boundary=x", "--x--", 415, "We could not read the form. Please reload the page and try again."},
		"JSON":            {"application/json", "{}", 415, "We could not read the form. Please reload the page and try again."},
		"bad escape":      {mediaForm, "first_name=%zz", 400, "We could not read the form. Please reload the page and try again."},
		"invalid Unicode": {mediaForm, "first_name=%ff", 400, "We could not read the form. Please reload the page and try again."},
		"half a letter":   {mediaForm, "first_name=%c3&first_name=%a9", 400, "We could not read the form. Please reload the page and try again."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{signupPath, codePath, resendPath, restartPath} {
				r := httptest.NewRequest("POST", path, strings.NewReader(tt.body))
				r.Header.Set("Content-Type", tt.media)
				p := s.browse().send(t, r)
				require.Equal(t, tt.status, p.Code)
				require.Contains(t, p.text(), tt.text)
			}
		})
	}
}

func TestSignupRoutesDeclareTheirChecks(t *testing.T) {
	t.Parallel()
	for r, o := range signupRoutes {
		require.NoError(t, o.complete(r, signupRoutes))
		require.Same(t, browsers, o.access)
	}
}

func TestSignupPageCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for r := range signupRoutes {
		if r.path != "/" {
			requireProblem(t, s.send(t, r.method, r.path, ""), 404, openapi.ProblemCodeNotFound)
		}
	}
}

// catalogueOf returns the texts that a page gives to the script.
func catalogueOf(t *testing.T, p *screen) map[string]string {
	t.Helper()
	_, text, _ := strings.Cut(p.Body.String(), `<script type="application/json" id="signup-data">`)
	text, _, _ = strings.Cut(text, "</script>")
	var data struct{ Catalogue map[string]string }
	require.NoError(t, json.Unmarshal([]byte(text), &data))
	return data.Catalogue
}

// TestEveryErrorHasAText compares the texts with the errors that the form's operations can have. Every language has the same
// texts (package page).
func TestEveryErrorHasAText(t *testing.T) {
	t.Parallel()
	texts := catalogueOf(t, setupSignup(t).browse().open(t, "/"))
	others := map[openapi.ProblemCode]bool{ // of requests that neither the forms nor the script send
		openapi.ProblemCodeUnknownField: true, openapi.ProblemCodeDuplicateField: true, openapi.ProblemCodeWrongType: true,
		openapi.ProblemCodeInvalidIdempotencyKey: true, openapi.ProblemCodeInvalidChallengeResponse: true,
		openapi.ProblemCodeUnauthorized: true, openapi.ProblemCodeNotFound: true, openapi.ProblemCodeMethodNotAllowed: true,
		openapi.ProblemCodeCampaignEnded: true, openapi.ProblemCodeUnreadableReport: true,
		openapi.ProblemCodeInsufficientScope: true, openapi.ProblemCodeUserPending: true,
		openapi.ProblemCodeValidationFailed: true, // its fields have texts
	}
	for code := range answers {
		require.Equal(t, others[code], texts["problem."+string(code)] == "", code)
	}
	for field, codes := range map[string][]user.Code{
		"first_name": {user.CodeRequired, user.CodeTooLong, user.CodeInvalidCharacters},
		"email":      {user.CodeRequired, user.CodeTooLong, user.CodeInvalid, user.CodeInvalidCharacters, user.CodeDomainNotAllowed},
		"username":   {user.CodeTooShort, user.CodeTooLong, user.CodeInvalid, user.CodeInvalidCharacters, user.CodeReserved},
		"password":   {user.CodeRequired, user.CodeTooLong, user.CodeInvalidCharacters, user.CodeTooWeak, user.CodeBreached},
		"mobile_number": {
			user.CodeRequired, user.CodeInvalid, user.CodeInvalidCharacters, user.CodeTooShort, user.CodeTooLong,
			user.CodeCountryCodeMissing, user.CodeNotMobile, user.CodeNotSupported,
		},
		"code":           {user.CodeRequired, user.CodeInvalid},
		"terms_accepted": {user.CodeRequired},
		"attributes.company": {
			user.CodeRequired, user.CodeTooShort, user.CodeTooLong, user.CodeTooSmall, user.CodeTooLarge, user.CodeNotSupported,
			user.CodeInvalid, user.CodeInvalidCharacters,
		},
	} {
		for _, code := range codes {
			require.NotEmpty(t, texts["error."+field+"."+string(code)]+texts["error."+string(code)], "%s %s", field, code)
		}
	}
}
