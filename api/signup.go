package api

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/api/page"
)

const (
	signupPath = "/signup"
	embedPath  = signupPath + "/embed"
)

// signupRoutes has every route of the sign-up page with its checks. New panics unless the API serves exactly these. The forms
// have the limits of the operations that they run.
var signupRoutes = map[route]operation{
	{"GET", "/"}:          {browsers, uncounted, noBody}, // the handler counts those who have a registration
	{"GET", embedPath}:    {browsers, Limits.Read, noBody},
	{"GET", embedScript}:  {browsers, uncounted, noBody},
	{"POST", signupPath}:  {browsers, Limits.Registration, typedForm},
	{"POST", codePath}:    {browsers, Limits.Code, typedForm},
	{"POST", resendPath}:  {browsers, Limits.Code, typedForm},
	{"POST", restartPath}: {browsers, uncounted, typedForm},
	{"GET", signupPath}:   {browsers, uncounted, noBody},
	{"GET", codePath}:     {browsers, uncounted, noBody},
	{"GET", resendPath}:   {browsers, uncounted, noBody},
	{"GET", restartPath}:  {browsers, uncounted, noBody},
}

// browsers is the access of the sign-up page. Other sites must not send its forms, because browsers send the cookie with them.
var browsers = &access{
	served: func(d *Deps) bool { return d.SignupPage },
	admit: func(s *server, c *gin.Context) error {
		if err := s.forms.Check(c.Request); err != nil {
			return errCrossOrigin
		}
		return nil
	},
}

// formOrigins returns the check of where a form comes from: from this host, or from the public address.
func formOrigins(publicURL string) *http.CrossOriginProtection {
	check := http.NewCrossOriginProtection()
	if err := check.AddTrustedOrigin(publicURL); err != nil {
		return http.NewCrossOriginProtection() // there is no public address
	}
	return check
}

// typedForm requires a form in UTF-8 and parses it.
func typedForm(c *gin.Context) error {
	if err := readBody(c, mediaForm, maxBody); err != nil {
		return err
	}
	if err := c.Request.ParseForm(); err != nil {
		return &problem{code: openapi.ProblemCodeInvalidJSON}
	}
	for _, values := range c.Request.PostForm {
		if !utf8.ValidString(strings.Join(values, "\n")) {
			return &problem{code: openapi.ProblemCodeInvalidJSON}
		}
	}
	return nil
}

func (s *server) routeSignup(router *gin.Engine) {
	s.routeChecked(router, signupRoutes, s.failPage, func(checked gin.IRouter) {
		checked.GET("/", s.showSignup)
		checked.GET(embedPath, s.showEmbed)
		checked.GET(embedScript, s.serveEmbedScript)
		checked.POST(signupPath, s.postSignup)
		checked.POST(codePath, s.postCode)
		checked.POST(resendPath, s.postResend)
		checked.POST(restartPath, s.postRestart)
		for _, form := range []string{signupPath, codePath, resendPath, restartPath} {
			checked.GET(form, s.leaveForm)
		}
	})
}

// notices are the texts that a redirect may ask for.
var notices = map[string]string{"resent": "code.resent", "next": "code.next"}

// showSignup is GET /. It shows the step of the registration in the cookie, or the form.
func (s *server) showSignup(c *gin.Context) {
	r, ok := s.signupCookie(c)
	if !ok {
		s.writeSignup(c, http.StatusOK, s.emptyForm())
		return
	}
	err := s.limitClient(c, Limits.Read)
	var p page.Signup
	if err == nil {
		p, err = s.currentStep(c, r)
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	p.Notice = cmp.Or(notices[c.Query("notice")], p.Notice)
	switch p.Step {
	case page.StepForm: // the registration was refused, or is unknown
		s.forgetSignup(c)
	case page.StepDone:
		s.rememberSignup(c, r, doneAge)
	default:
	}
	s.writeSignup(c, http.StatusOK, p)
}

// currentStep returns what the page shows for a registration.
func (s *server) currentStep(c *gin.Context, r page.Registration) (page.Signup, error) {
	out, err := s.GetRegistration(c.Request.Context(), openapi.GetRegistrationRequestObject{ID: uuid.MustParse(r.ID)})
	p := s.emptyForm()
	if err != nil {
		if known := problemOf(err, s.Now()); known.code == openapi.ProblemCodeNotFound {
			return p, nil
		}
		return p, err
	}
	state := out.(openapi.GetRegistration200JSONResponse).Body
	p.Registration = &r
	switch state.Status {
	case openapi.StatusActive:
		p.Step = page.StepDone
	case openapi.StatusRejected:
		p.Registration = nil
		p.Errors = []page.FieldError{fieldOf(openapi.ProblemCode(state.Refusal))}
	case openapi.StatusSuperseded, openapi.StatusExpired:
		p.Step, p.Closed = page.StepClosed, string(state.Status)
	case openapi.StatusFailed:
		p.Step, p.Closed = page.StepClosed, string(state.Status)
		if state.Verification.Destination != "" {
			p.Step, p.Verification, p.Notice = page.StepCode, sentCode(state.Verification), "code.delayed"
		}
	case openapi.StatusPendingVerification:
		p.Step, p.Verification = page.StepCode, sentCode(state.Verification)
		if state.Verification.Destination == "" { // the code was accepted
			p.Step = page.StepWaiting
		}
	default:
		p.Step = page.StepWaiting
	}
	return p, nil
}

func sentCode(v openapi.Verification) page.Verification {
	return page.Verification{
		Channel: string(v.Channel), Destination: v.Destination, ExpiresAt: v.ExpiresAt, ResendAfter: v.ResendAfter,
	}
}

// emptyForm returns the first step.
func (s *server) emptyForm() page.Signup {
	return page.Signup{Step: page.StepForm, IdempotencyKey: uuid.NewString(), Now: s.Now()}
}

// pageLanguage returns the language of the page: that of the button, of the form, of the address, or of the browser.
func (s *server) pageLanguage(c *gin.Context) page.Language {
	form := c.Request.PostForm
	return s.Pages.Match(form.Get("lang"), form.Get("locale"), c.Query("lang"), c.GetHeader("Accept-Language"))
}

// writeSignup answers with the sign-up page.
func (s *server) writeSignup(c *gin.Context, status int, p page.Signup) {
	in := s.pageLanguage(c)
	var out bytes.Buffer
	if err := s.Pages.Signup(&out, in, p); err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Content-Language", in.Tag.String())
	c.Header("Vary", "Accept-Language, Cookie")
	c.Header("Content-Security-Policy", s.Pages.Policy())
	c.Header("Referrer-Policy", "same-origin") // with no-referrer, browsers send no origin with a form
	if p.Registration != nil {
		c.Data(status, mediaHTML, out.Bytes())
		return
	}
	// A page with a token is not compressed: its size could then reveal the token (BREACH).
	writeCompressed(c, status, mediaHTML, out.Bytes(), page.Compress)
}

// goHome redirects to the page, so that a reload does not send the form again. notice is a key of notices, or empty.
func (s *server) goHome(c *gin.Context, notice string) {
	query := url.Values{}
	if in := s.pageLanguage(c); in.Tag != s.Pages.Match(c.GetHeader("Accept-Language")).Tag {
		query.Set("lang", in.Tag.String())
	}
	if notice != "" {
		query.Set("notice", notice)
	}
	address := url.URL{Path: "/", RawQuery: query.Encode()}
	c.Redirect(http.StatusSeeOther, address.String())
}

// leaveForm redirects to the page. After an error, the address in the browser is that of the form, and some reloads are a GET.
func (s *server) leaveForm(c *gin.Context) { s.goHome(c, "") }

// signupCookieName returns the name of the cookie of the forms. Operations of the contract do not read it. With the prefix,
// browsers take the cookie only from this host, over HTTPS.
func (s *server) signupCookieName() string {
	if s.isHTTPS() {
		return "__Host-registrar_signup"
	}
	return "registrar_signup"
}

func (s *server) isHTTPS() bool { return strings.HasPrefix(s.PublicURL, "https:") }

// doneAge is how long a finished registration can be reloaded.
const doneAge = 10 * time.Minute

// signupCookie returns the registration in the cookie. ok is false without a genuine one.
func (s *server) signupCookie(c *gin.Context) (r page.Registration, ok bool) {
	value, err := c.Cookie(s.signupCookieName())
	if err != nil {
		return r, false
	}
	r.ID, r.Token, _ = strings.Cut(value, ".")
	if uuid.Validate(r.ID) != nil || !s.Keys.IsRegistrationToken(r.ID, r.Token) {
		return page.Registration{}, false
	}
	return r, true
}

// rememberSignup sets the cookie.
func (s *server) rememberSignup(c *gin.Context, r page.Registration, age time.Duration) {
	s.setSignupCookie(c, r.ID+"."+r.Token, int(age.Seconds()))
}

// forgetSignup deletes the cookie.
func (s *server) forgetSignup(c *gin.Context) { s.setSignupCookie(c, "", -1) }

func (s *server) setSignupCookie(c *gin.Context, value string, seconds int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: s.signupCookieName(), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.isHTTPS(),
	})
}
