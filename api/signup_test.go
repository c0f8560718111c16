package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/api/page"
	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

const signupCookieName = "registrar_signup"

// setupSignup is an API with the sign-up page.
func setupSignup(t testing.TB, changes ...func(*Deps)) *service {
	t.Helper()
	return setup(t, append([]func(*Deps){func(d *Deps) { d.SignupPage, d.Rules.DefaultRegion = true, "" }}, changes...)...)
}

// form is what a user types.
func typedSignup(changes ...string) []string {
	return append([]string{
		"first_name", "Zoelle", "last_name", "Nguyễnová", "email", "Zoelle@Example.com", "country", "DE",
		"mobile_number", "0170 1234567", "password", "violet-harbour-91-kettle", "marketing_consent", "true",
	}, changes...)
}

// in is an engine's answer with a state.
func in(state workflows.RegistrationState) func(context.Context, string) (workflows.RegistrationState, error) {
	return func(context.Context, string) (workflows.RegistrationState, error) { return state, nil }
}

func stateOfStatus(status workflows.RegistrationStatus) workflows.RegistrationState {
	return workflows.RegistrationState{Outcome: workflows.Outcome{Status: status, UserID: userID, Verification: sent()}}
}

// withRegistration returns a browser with the cookie of a registration.
func (s *service) withRegistration(header ...string) *plainBrowser {
	b := s.browse(header...)
	b.cookies[signupCookieName] = &http.Cookie{Name: signupCookieName, Value: registrationID + "." + keyring().RegistrationToken(registrationID)}
	return b
}

func TestSignupWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	var asked workflows.RegistrationInput
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		asked = in
		return stored(in), nil
	}
	b := s.browse("Accept-Language", "de-DE,de")
	form := b.open(t, "/")
	require.Equal(t, "Konto anlegen", form.heading())
	_, values := form.values("register")
	require.NoError(t, uuid.Validate(values.Get("idempotency_key")))

	code := form.submit(t, "register", typedSignup()...)
	require.Equal(t, "SMS-Code eingeben", code.heading())
	require.Contains(t, code.text(), "+49•••••••567")
	require.Equal(t, "+491701234567", asked.Profile.Mobile)
	require.Equal(t, "de", asked.Profile.Locale)
	require.True(t, asked.Profile.MarketingConsent)
	require.Equal(t, keyring().RegistrationID(values.Get("idempotency_key"), "zoelle@example.com"), asked.RegistrationID)
	cookie := b.cookies[signupCookieName]
	require.Equal(t, asked.RegistrationID+"."+keyring().RegistrationToken(asked.RegistrationID), cookie.Value)
	require.True(t, cookie.HttpOnly)
	require.False(t, cookie.Secure)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.Equal(t, 24*60*60, cookie.MaxAge)

	s.engine.verify = func(context.Context, string, workflows.VerifyInput) (workflows.VerifyResult, error) {
		return workflows.VerifyResult{AttemptsLeft: 4}, nil
	}
	again := code.submit(t, "code", "code", typedCode)
	require.Equal(t, 422, again.Code)
	input, broken := again.input("code")
	require.Equal(t, "Dieser Code ist falsch. Sie haben noch 4 Versuche.", broken)
	require.Equal(t, "true", input["aria-invalid"])
	require.Empty(t, input["value"])

	s.engine.verify = func(context.Context, string, workflows.VerifyInput) (workflows.VerifyResult, error) {
		s.engine.state = in(stateOfStatus(workflows.StatusActive))
		return workflows.VerifyResult{Active: true}, nil
	}
	done := again.submit(t, "code", "code", typedCode)
	require.Equal(t, "Willkommen!", done.heading())
	require.Equal(t, "Willkommen!", b.open(t, "/").heading(), "a reload shows the same step")
	require.Equal(t, int(doneAge.Seconds()), b.cookies[signupCookieName].MaxAge)
	require.Equal(t, "Konto anlegen", done.submit(t, "restart").heading(), "another person registers with the same browser")
	for _, route := range []string{"/signup", "/signup/code"} {
		require.Contains(t, s.logs.String(), `"route":"`+route+`"`)
	}
}

func TestCookieIsSecureWithHTTPS(t *testing.T) {
	t.Parallel()
	s := setupSignup(t, func(d *Deps) { d.PublicURL = publicURL })
	b := s.browse()
	b.open(t, "/").submit(t, "register", typedSignup()...)
	cookie := b.cookies["__Host-registrar_signup"]
	require.NotNil(t, cookie)
	require.True(t, cookie.Secure)
	require.Equal(t, "/", cookie.Path)
	require.Empty(t, cookie.Domain)
	require.Equal(t, "Check your phone", b.open(t, "/").heading())
}

func TestSignupErrorsAreAtTheirFields(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]map[string]string{
		"en": {"email": "Please enter a full email address, such as name@example.com.", "password": "The password needs at least 8 characters."},
		"de": {"email": "Bitte geben Sie eine vollständige E-Mail-Adresse ein, zum Beispiel name@example.com.", "password": "Das Passwort braucht mindestens 8 Zeichen."},
		"ar": {"email": "يرجى إدخال عنوان بريد إلكتروني كامل، مثل name@example.com.", "password": "يجب ألا تقل كلمة المرور عن 8 أحرف."},
	} {
		b := setupSignup(t).browse("Accept-Language", accept)
		form := b.open(t, "/")
		again := form.submit(t, "register", typedSignup("email", "zoelle", "password", "kettle")...)
		require.Equal(t, 422, again.Code)
		for name, text := range want {
			input, broken := again.input(name)
			require.Equal(t, text, broken)
			require.Equal(t, "true", input["aria-invalid"])
			require.Contains(t, input["aria-describedby"], "signup-"+name+"-error")
		}
		for name, value := range map[string]string{
			"first_name": "Zoelle", "last_name": "Nguyễnová", "email": "zoelle", "mobile_number": "0170 1234567", "password": "",
		} {
			input, _ := again.input(name)
			require.Equal(t, value, input["value"], name)
		}
		_, before := form.values("register")
		_, values := again.values("register")
		require.Equal(t, "DE", values.Get("country"))
		require.Equal(t, "true", values.Get("marketing_consent"))
		require.NotEqual(t, before.Get("idempotency_key"), values.Get("idempotency_key"), "a refused request has ended")
		require.NotContains(t, again.Body.String(), "kettle")
		email, _ := again.input("email")
		require.Contains(t, email, "autofocus", "the first invalid field")
	}
}

func TestCountryOfTheNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ region, country, number, want, broken string }{
		{"", "DE", "0170 1234567", "+491701234567", ""},
		{"DE", "AT", "0664 1234567", "+436641234567", ""},
		{"DE", "AT", "+49 170 1234567", "+491701234567", ""},
		{"DE", "AT", "0049 170 1234567", "+491701234567", ""},
		{"DE", "", "0170 1234567", "+491701234567", ""},
		{"", "", "0170 1234567", "", "Please choose the country, or start with + and the country code."},
		{"", "XX", "0170 1234567", "", "Please choose the country, or start with + and the country code."},
		{"", "DE", "12", "", "This number has too few digits for its country."},
	} {
		s := setupSignup(t, func(d *Deps) { d.Rules.DefaultRegion = tt.region })
		got := ""
		s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
			got = in.Profile.Mobile
			return stored(in), nil
		}
		p := s.browse().open(t, "/").submit(t, "register", typedSignup("country", tt.country, "mobile_number", tt.number)...)
		_, broken := p.input("mobile_number")
		require.Equal(t, tt.want, got, "%+v", tt)
		require.Equal(t, tt.broken, broken, "%+v", tt)
	}
}

func TestTakenEmail(t *testing.T) {
	t.Parallel()
	pages, err := page.New(page.Options{LoginURL: "https://app.example.com/login"})
	require.NoError(t, err)
	s := setupSignup(t, func(d *Deps) { d.Pages = pages })
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		return workflows.Persisted{Outcome: workflows.Outcome{
			Status: workflows.StatusRejected, Refusal: user.CodeEmailTaken, Fingerprint: in.Fingerprint,
		}}, nil
	}
	p := s.browse().open(t, "/").submit(t, "register", typedSignup()...)
	require.Equal(t, 409, p.Code)
	_, broken := p.input("email")
	require.Equal(t, "This email address already has an account. Sign in", broken)
}

// TestOutageKeepsTheForm also checks that the form sent again is the same request.
func TestOutageKeepsTheForm(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	s.engine.register = func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error) {
		return workflows.Persisted{}, engine.ErrUnavailable
	}
	form := s.browse().open(t, "/")
	p := form.submit(t, "register", typedSignup()...)
	require.Equal(t, 503, p.Code)
	require.Equal(t, "3", p.Header().Get("Retry-After"))
	require.Contains(t, p.text(), "We cannot take your request right now. Nothing is lost.")
	_, first := form.values("register")
	_, second := p.values("register")
	require.Equal(t, first.Get("idempotency_key"), second.Get("idempotency_key"))
	require.Equal(t, "Zoelle", second.Get("first_name"))
}

func TestFormSentAgainWithOtherData(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	remember(s)
	form := s.browse().open(t, "/")
	require.Equal(t, "Check your phone", form.submit(t, "register", typedSignup()...).heading())
	require.Equal(t, "Check your phone", form.submit(t, "register", typedSignup("last_name", "Novák")...).heading())
}

func TestLanguageButtonKeepsTheForm(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	form := s.browse().open(t, "/")
	button, a := form.find(func(tag string, a map[string]string) bool { return tag == "button" && a["value"] == "de" })
	require.NotNil(t, button)
	require.Equal(t, "signup-form", a["form"])
	require.Contains(t, a, "formnovalidate")
	p := form.submit(t, "register", typedSignup(a["name"], a["value"], "email", "zoelle")...)
	require.Equal(t, 200, p.Code)
	require.Equal(t, "Konto anlegen", p.heading())
	input, broken := p.input("email")
	require.Equal(t, "zoelle", input["value"])
	require.Empty(t, broken)
	_, values := p.values("register")
	require.Equal(t, "de", values.Get("locale"), "the next answer is in the same language")
	require.Equal(t, "SMS-Code eingeben", p.submit(t, "register", typedSignup()...).heading())
}

// TestEnterSendsTheForm checks that the first submit button of the form is its own. Browsers press it for Enter in a field.
func TestEnterSendsTheForm(t *testing.T) {
	t.Parallel()
	_, button := setupSignup(t).browse().open(t, "/").find(func(tag string, a map[string]string) bool {
		return tag == "button" && a["type"] == ""
	})
	require.Contains(t, button, "data-submit")
}
