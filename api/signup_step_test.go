package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

func TestStepOfEachState(t *testing.T) {
	t.Parallel()
	activating := stateOfStatus(workflows.StatusPending)
	activating.Activating = true
	rejected := stateOfStatus(workflows.StatusRejected)
	rejected.Refusal = user.CodeUsernameTaken
	unsent := stateOfStatus(workflows.StatusFailed)
	unsent.AwaitsCode = true
	email := stateOfStatus(workflows.StatusPending)
	email.Verification.Channel, email.Verification.Destination = message.ChannelEmail, "z••@example.com"
	for _, tt := range []struct {
		state         workflows.RegistrationState
		heading, text string
	}{
		{stateOfStatus(workflows.StatusAccepted), "One moment, please", "We have received your details"},
		{stateOfStatus(workflows.StatusPending), "Check your phone", "We sent a 6-digit code by SMS to +49•••••••567 ."},
		{email, "Check your email", "We sent a 6-digit code by email to z••@example.com ."},
		{activating, "One moment, please", "We have received your details"},
		{stateOfStatus(workflows.StatusActive), "Welcome!", "Your account is active."},
		{rejected, "Create your account", "This username is taken."},
		{stateOfStatus(workflows.StatusSuperseded), "Registration ended", "This email address was confirmed in another registration"},
		{stateOfStatus(workflows.StatusExpired), "Registration ended", "Your registration was not confirmed in time."},
		{stateOfStatus(workflows.StatusFailed), "Registration ended", "Our team will look into it."},
		{unsent, "Check your phone", "We could not send your code yet."},
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

// A user goes back, changes the form, and presses the button several times.
func TestChangedFormRegistersOnce(t *testing.T) {
	t.Parallel()
	s := setupSignup(t)
	registered := map[string]workflows.Persisted{}
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		if _, ok := registered[in.RegistrationID]; !ok {
			registered[in.RegistrationID] = stored(in)
		}
		return registered[in.RegistrationID], nil
	}
	s.engine.state = in(stateOfStatus(workflows.StatusPending))
	form := s.browse().open(t, "/")
	for range 3 {
		require.Equal(t, "Check your phone", form.submit(t, "register", typedSignup()...).heading())
		require.Equal(t, "Check your phone", form.submit(t, "register", typedSignup("last_name", "Vance")...).heading())
	}
	require.Len(t, registered, 2)
	other := form.submit(t, "register", typedSignup("last_name", "Vance", "password", "quiet-lantern-37-orchard")...)
	require.Contains(t, other.text(), "You have sent the form twice with different data.")
	require.Len(t, registered, 2)
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
		"closed":       {refused(workflows.RefusedClosed, time.Second), 200, "We sent a 6-digit code by SMS"},
		"already used": {refused(workflows.RefusedActive, time.Second), 200, "We sent a 6-digit code by SMS"},
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
