package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/api/page"
	"registrar/internal/user"
)

// The addresses of the forms on the sign-up page. They work without JavaScript; the script calls the operations instead.
const (
	codePath    = signupPath + "/code"
	resendPath  = signupPath + "/resend"
	restartPath = signupPath + "/restart"
)

// errCrossOrigin is the error of a form that another site sent.
var errCrossOrigin = errors.New("the form comes from another origin")

// postSignup registers a user. The buttons of the languages only show the form again.
func (s *server) postSignup(c *gin.Context) {
	form := c.Request.PostForm
	if form.Has("lang") {
		s.writeSignup(c, http.StatusOK, s.typed(form, form.Get("idempotency_key")))
		return
	}
	ctx, in := c.Request.Context(), s.pageLanguage(c)
	request := openapi.CreateRegistrationRequestObject{Body: s.registrationOfForm(form, in)}
	out, err := s.registerOnce(ctx, form.Get("country"), form.Get("idempotency_key"), request)
	if err != nil {
		s.failPage(c, err)
		return
	}
	var r page.Registration
	switch out := out.(type) {
	case openapi.CreateRegistration201JSONResponse:
		r = page.Registration{ID: out.Body.RegistrationID, Token: out.Body.RegistrationToken}
	case openapi.CreateRegistration202JSONResponse:
		r = page.Registration{ID: out.Body.RegistrationID, Token: out.Body.RegistrationToken}
	}
	s.rememberSignup(c, r, s.Policy.VerificationWindow)
	s.goHome(c, "")
}

// registerOnce registers under the key of the form. If a user goes back and sends other data under the same key, it uses a key
// that it derives from both: the data are those of another registration, and sending them twice registers once.
func (s *server) registerOnce(
	ctx context.Context, country, key string, r openapi.CreateRegistrationRequestObject,
) (openapi.CreateRegistrationResponseObject, error) {
	r.Params.IdempotencyKey = &key
	if key == "" {
		r.Params.IdempotencyKey = nil
	}
	there := s.inRegion(country)
	out, err := there.CreateRegistration(ctx, r)
	if p := new(problem); errors.As(err, &p) && p.code == openapi.ProblemCodeIdempotencyKeyReused {
		other, err := s.keyOfOtherData(country, key, *r.Body)
		if err != nil {
			return nil, err
		}
		r.Params.IdempotencyKey = &other
		return there.CreateRegistration(ctx, r)
	}
	return out, err
}

// keyOfOtherData leaves out the password, because a registration's id is derived from its key and must not help to guess the
// password. So another password alone is refused as idempotency_key_reused from the second time on.
func (s *server) keyOfOtherData(country, key string, r openapi.RegistrationRequest) (string, error) {
	r.Password = ""
	data, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("encode the form: %w", err)
	}
	return s.Keys.Fingerprint(key, country, string(data)), nil
}

// inRegion returns the server for numbers of a country. A number with a country code overrules it.
func (s *server) inRegion(country string) *server {
	if !user.ValidRegion(country) {
		return s
	}
	there := *s
	there.Rules.DefaultRegion = country
	return &there
}

func (s *server) registrationOfForm(form url.Values, in page.Language) *openapi.RegistrationRequest {
	return &openapi.RegistrationRequest{
		FirstName: form.Get("first_name"), LastName: form.Get("last_name"), Email: form.Get("email"),
		MobileNumber: form.Get("mobile_number"), Password: form.Get("password"), Username: form.Get("username"),
		Locale: in.Tag.String(), MarketingConsent: form.Get("marketing_consent") == "true",
		TermsAccepted: form.Get("terms_accepted") == "true", Attributes: s.Pages.Attributes(form),
	}
}

// typed returns the form with what the user typed, except for the password.
func (s *server) typed(form url.Values, key string) page.Signup {
	p := s.emptyForm()
	if key != "" {
		p.IdempotencyKey = key
	}
	p.Country, p.Values = form.Get("country"), map[string]string{}
	for name := range form {
		if name != "password" {
			p.Values[name] = form.Get(name)
		}
	}
	return p
}

// formRegistration returns the registration in the cookie. ok is false if the form is about another one, because the user has
// registered again in another tab.
func (s *server) formRegistration(c *gin.Context) (r page.Registration, ok bool) {
	r, ok = s.signupCookie(c)
	id := c.Request.PostForm.Get("registration_id")
	return r, ok && (id == "" || id == r.ID)
}

// postCode enters a code.
func (s *server) postCode(c *gin.Context) {
	r, ok := s.formRegistration(c)
	if !ok {
		s.goHome(c, "")
		return
	}
	out, err := s.VerifyRegistration(c.Request.Context(), openapi.VerifyRegistrationRequestObject{
		ID: uuid.MustParse(r.ID), Body: &openapi.VerificationRequest{Code: c.Request.PostForm.Get("code")},
	})
	if err != nil {
		s.failPage(c, err)
		return
	}
	if entered, ok := out.(openapi.VerifyRegistration200JSONResponse); ok && entered.Body.Verification != nil {
		s.goHome(c, "next")
		return
	}
	s.goHome(c, "")
}

// postResend sends another code, to a corrected number if one was typed.
func (s *server) postResend(c *gin.Context) {
	r, ok := s.formRegistration(c)
	if !ok {
		s.goHome(c, "")
		return
	}
	form := c.Request.PostForm
	number := form.Get("mobile_number")
	if form.Has("mobile_number") && strings.TrimSpace(number) == "" {
		s.failPage(c, invalidField("mobile_number", user.CodeRequired, "is required"))
		return
	}
	_, err := s.inRegion(form.Get("country")).ResendCode(c.Request.Context(), openapi.ResendCodeRequestObject{
		ID: uuid.MustParse(r.ID), Body: &openapi.ResendRequest{Channel: form.Get("channel"), MobileNumber: number},
	})
	if err != nil {
		s.failPage(c, err)
		return
	}
	s.goHome(c, "resent")
}

// postRestart forgets the registration in the cookie. It expires by itself.
func (s *server) postRestart(c *gin.Context) {
	s.forgetSignup(c)
	s.goHome(c, "")
}

// elsewhere are the errors after which the current step of the registration says more than the error.
var elsewhere = []openapi.ProblemCode{
	openapi.ProblemCodeNotFound, openapi.ProblemCodeAlreadyActive, openapi.ProblemCodeRegistrationClosed, openapi.ProblemCodeSuperseded,
}

// failPage answers a request to the sign-up page with an error. The page keeps what the user typed.
func (s *server) failPage(c *gin.Context, err error) {
	if errors.Is(err, errCrossOrigin) {
		c.Abort()
		p := s.emptyForm()
		p.Problem = s.Pages.ProblemText(s.pageLanguage(c), "cross_origin", 0)
		s.writeSignup(c, http.StatusForbidden, p)
		return
	}
	p, a, wait := s.refuse(c, err)
	path := c.FullPath()
	if path != signupPath && slices.Contains(elsewhere, p.code) {
		s.goHome(c, "")
		return
	}
	if path == signupPath {
		s.writeSignup(c, a.status, s.explain(c, s.formAgain(c, p, a.status), p, wait))
		return
	}
	s.writeSignup(c, a.status, s.explain(c, s.stepAgain(c, p), p, wait))
}

// formAgain returns the form after an error. It keeps the key while the outcome of the request is unknown.
func (s *server) formAgain(c *gin.Context, p *problem, status int) page.Signup {
	if c.Request.PostForm == nil && p.limit != "" && s.forms.Check(c.Request) == nil {
		_ = typedForm(c) // a limit refused the request before its other checks; an unreadable body leaves the form empty
	}
	form := c.Request.PostForm
	key := ""
	if status >= http.StatusInternalServerError {
		key = form.Get("idempotency_key")
	}
	return s.typed(form, key)
}

// stepAgain returns the current step after an error. If the step is not known now, it returns the step that waits.
func (s *server) stepAgain(c *gin.Context, p *problem) page.Signup {
	r, ok := s.signupCookie(c)
	waiting := page.Signup{Step: page.StepWaiting, Registration: &r, Now: s.Now()}
	if !ok {
		return s.emptyForm()
	}
	if p.limit == clientLimit || answers[p.code].status >= http.StatusInternalServerError {
		return waiting // a client above its limit causes no more work
	}
	now, err := s.currentStep(c, r)
	if err != nil {
		return waiting
	}
	now.Country = c.Request.PostForm.Get("country")
	now.Values = map[string]string{"mobile_number": c.Request.PostForm.Get("mobile_number")}
	return now
}

// explain adds the texts about an error.
func (s *server) explain(c *gin.Context, shown page.Signup, p *problem, wait time.Duration) page.Signup {
	in := s.pageLanguage(c)
	switch {
	case len(p.fields) > 0:
		for _, f := range p.fields {
			broken := page.FieldError{Field: string(f.Field), Code: string(f.Code)}
			if f.Code == openapi.FieldErrorCodeRefusedByPolicy {
				broken.Text = f.Message
			}
			shown.Errors = append(shown.Errors, broken)
		}
	case fieldOf(p.code).Field != "":
		broken := fieldOf(p.code)
		if p.attemptsLeft != nil && *p.attemptsLeft == 0 {
			broken.Text = s.Pages.ProblemText(in, string(openapi.ProblemCodeTooManyAttempts), wait)
		} else if p.attemptsLeft != nil {
			broken.Text = s.Pages.WrongCodeText(in, *p.attemptsLeft)
		}
		shown.Errors = append(shown.Errors, broken)
	case p.code == openapi.ProblemCodeRefusedByPolicy:
		shown.Problem = p.detail
	default:
		shown.Problem = s.Pages.ProblemText(in, string(p.code), wait)
	}
	return shown
}

// fieldOf returns the field that an error is about. Field is empty if it is about no field.
func fieldOf(code openapi.ProblemCode) page.FieldError {
	field := ""
	switch code {
	case openapi.ProblemCodeEmailTaken:
		field = "email"
	case openapi.ProblemCodeUsernameTaken:
		field = "username"
	case openapi.ProblemCodeWrongCode, openapi.ProblemCodeCodeExpired, openapi.ProblemCodeTooManyAttempts:
		field = "code"
	default:
	}
	return page.FieldError{Field: field, Code: string(code)}
}
