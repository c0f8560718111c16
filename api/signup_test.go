package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/api/page"
	"registrar/internal/challenge"
	"registrar/internal/engine"
	"registrar/internal/limit"
	"registrar/internal/message"
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
	require.Equal(t, "Sehen Sie auf Ihr Handy", code.heading())
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
		"en": {"email": "This is not an email address. Example: name@example.com", "password": "The password needs at least 8 characters."},
		"de": {"email": "Das ist keine E-Mail-Adresse. Beispiel: name@example.com", "password": "Das Passwort braucht mindestens 8 Zeichen."},
		"ar": {"email": "هذا ليس عنوان بريد إلكتروني. مثال: name@example.com", "password": "يجب ألا تقل كلمة المرور عن 8 أحرف."},
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
	require.Equal(t, "Sehen Sie auf Ihr Handy", p.submit(t, "register", typedSignup()...).heading())
}

// TestEnterSendsTheForm checks that the first submit button of the form is its own. Browsers press it for Enter in a field.
func TestEnterSendsTheForm(t *testing.T) {
	t.Parallel()
	_, button := setupSignup(t).browse().open(t, "/").find(func(tag string, a map[string]string) bool {
		return tag == "button" && a["type"] == ""
	})
	require.Contains(t, button, "data-submit")
}

func TestStepOfEachState(t *testing.T) {
	t.Parallel()
	activating := stateOfStatus(workflows.StatusPending)
	activating.Activating = true
	rejected := stateOfStatus(workflows.StatusRejected)
	rejected.Refusal = user.CodeUsernameTaken
	email := stateOfStatus(workflows.StatusPending)
	email.Verification.Channel, email.Verification.Destination = message.ChannelEmail, "z••@example.com"
	for _, tt := range []struct {
		state         workflows.RegistrationState
		heading, text string
	}{
		{stateOfStatus(workflows.StatusAccepted), "One moment, please", "We have received your data"},
		{stateOfStatus(workflows.StatusPending), "Check your phone", "We sent a code by SMS to +49•••••••567 ."},
		{email, "Check your email", "We sent a code by email to z••@example.com ."},
		{activating, "One moment, please", "We have received your data"},
		{stateOfStatus(workflows.StatusActive), "Welcome!", "Your account is active."},
		{rejected, "Create your account", "This username is taken."},
		{stateOfStatus(workflows.StatusSuperseded), "This registration has ended", "The owner of this email address"},
		{stateOfStatus(workflows.StatusExpired), "This registration has ended", "It was not confirmed in time."},
		{stateOfStatus(workflows.StatusFailed), "This registration has ended", "Our team will look into it."},
	} {
		s := setupSignup(t)
		s.engine.state = in(tt.state)
		p := s.withRegistration().open(t, "/")
		require.Equal(t, 200, p.Code)
		require.Equal(t, tt.heading, p.heading())
		require.Contains(t, p.text(), tt.text)
		waits := tt.heading == "One moment, please"
		require.Equal(t, waits, strings.Contains(p.text(), "Check again"))
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	s.engine.state = in(stateOfStatus(workflows.StatusExpired))
	b := s.withRegistration()
	require.Equal(t, "Create your account", b.open(t, "/").submit(t, "restart").heading())
	require.Empty(t, b.cookies)
}

func TestCookiesThatAreNotGenuine(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
		return workflows.RegistrationState{}, errors.New("asked")
	}
	for _, value := range []string{
		"x", ".", registrationID, registrationID + ".", registrationID + "." + keyring().RegistrationToken(userID), "x." + keyring().RegistrationToken("x"),
	} {
		b := s.browse()
		b.cookies[signupCookieName] = &http.Cookie{Name: signupCookieName, Value: value}
		require.Equal(t, "Create your account", b.open(t, "/").heading(), value)
		for _, path := range []string{codePath, resendPath, restartPath} {
			require.Equal(t, "Create your account", b.post(t, path, nil).heading())
		}
	}
}

func TestUnknownRegistrationIsForgotten(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
		return workflows.RegistrationState{}, engine.ErrNotFound
	}
	b := s.withRegistration()
	require.Equal(t, "Create your account", b.open(t, "/").heading())
	require.Empty(t, b.cookies)
}

func TestOutageAfterTheForm(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
		return workflows.RegistrationState{}, engine.ErrUnavailable
	}
	b := s.withRegistration()
	p := b.open(t, "/")
	require.Equal(t, 503, p.Code)
	require.Contains(t, p.text(), "Nothing is lost.")
	require.Contains(t, p.text(), "Check again")
	require.NotEmpty(t, b.cookies)
}

func TestSecondCode(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	s.engine.verify = func(context.Context, string, workflows.VerifyInput) (workflows.VerifyResult, error) {
		next := sent()
		return workflows.VerifyResult{Next: &next}, nil
	}
	p := s.withRegistration().open(t, "/").submit(t, "code", "code", typedCode)
	require.Equal(t, "Check your phone", p.heading())
	require.Contains(t, p.text(), "That was right. Now enter the second code.")
}

// A user who registers twice has two tabs, but one cookie. What is typed in the first tab is not for the second registration.
func TestFormsOfAnEarlierRegistration(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		return stored(in), nil
	}
	s.engine.state = in(stateOfStatus(workflows.StatusPending))
	s.engine.verify, s.engine.resend = nil, nil // they would panic
	b := s.browse()
	first := b.open(t, "/").submit(t, "register", typedSignup()...)
	b.post(t, signupPath, url.Values{
		"first_name": {"Bo"}, "last_name": {"Vance"}, "email": {"bo@example.com"}, "password": {"violet-harbour-91-kettle"},
	})
	for form, typed := range map[string][]string{
		"code": {"code", typedCode}, "resend": nil, "number": {"country", "DE", "mobile_number", "0170 7654321"},
	} {
		p := first.submit(t, form, typed...)
		require.Equal(t, 200, p.Code, form)
		require.Equal(t, "Check your phone", p.heading(), form)
	}
}

func TestAnotherCode(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	var asked workflows.ResendInput
	s.engine.resend = func(_ context.Context, _ string, in workflows.ResendInput) (workflows.Verification, error) {
		asked = in
		return sent(), nil
	}
	p := s.withRegistration().open(t, "/")
	require.Contains(t, p.submit(t, "resend").text(), "We have sent a new code.")
	require.Empty(t, asked)
	_, email := p.find(func(_ string, a map[string]string) bool { return a["data-action"] == "email" })
	p.submit(t, "resend", email["name"], email["value"])
	require.Equal(t, message.ChannelEmail, asked.Channel)
	require.Contains(t, p.submit(t, "number", "country", "AT", "mobile_number", "0664 1234567").text(), "We have sent a new code.")
	require.Equal(t, "+436641234567", asked.Mobile)

	asked = workflows.ResendInput{}
	empty := p.submit(t, "number", "mobile_number", " ")
	require.Equal(t, 422, empty.Code)
	_, broken := empty.input("mobile_number")
	require.Equal(t, "Please enter your mobile number.", broken)
	details, a := empty.find(func(tag string, _ map[string]string) bool { return tag == "details" })
	require.NotNil(t, details)
	require.Contains(t, a, "open", "the error is in sight")
	require.Empty(t, asked)
}

func TestRefusalsInTheCodeStep(t *testing.T) {
	t.Parallel()
	refused := func(r workflows.Refusal, wait time.Duration) error {
		return &workflows.RefusedError{Refusal: r, RetryAt: now.Add(wait)}
	}
	for name, tt := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"cooldown":     {refused(workflows.RefusedCooldown, 20*time.Second), 429, "You can ask for another one in 20 seconds."},
		"resends":      {refused(workflows.RefusedTooManyResends, time.Second), 429, "We cannot send more codes for this registration."},
		"attempts":     {refused(workflows.RefusedTooManyAttempts, time.Second), 429, "There were too many wrong codes."},
		"expired":      {refused(workflows.RefusedCodeExpired, time.Second), 410, "This code has expired. Please ask for a new one."},
		"closed":       {refused(workflows.RefusedClosed, time.Second), 200, "We sent a code by SMS"},
		"already used": {refused(workflows.RefusedActive, time.Second), 200, "We sent a code by SMS"},
		"outage":       {engine.ErrUnavailable, 503, "We cannot take your request right now."},
		"defect":       {errors.New("oops"), 500, "Something went wrong on our side."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupSignup(t)
			s.engine.resend = func(context.Context, string, workflows.ResendInput) (workflows.Verification, error) {
				return workflows.Verification{}, tt.err
			}
			p := s.withRegistration().open(t, "/").submit(t, "resend")
			require.Equal(t, tt.status, p.Code)
			require.Contains(t, p.text(), tt.text)
		})
	}
}

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
		"another type":    {"multipart/form-data; boundary=x", "--x--", 415, "Your browser sent the form in a way that we cannot read."},
		"JSON":            {"application/json", "{}", 415, "Your browser sent the form in a way that we cannot read."},
		"bad escape":      {mediaForm, "first_name=%zz", 400, "Your browser sent the form in a way that we cannot read."},
		"invalid Unicode": {mediaForm, "first_name=%ff", 400, "Your browser sent the form in a way that we cannot read."},
		"half a letter":   {mediaForm, "first_name=%c3&first_name=%a9", 400, "Your browser sent the form in a way that we cannot read."},
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
