package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/gate"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// answer is a code as an HTTP response.
type answer struct {
	status     int
	detail     string        // a sentence for users
	retryAfter time.Duration // 0: waiting does not help, or the error has its own value; the minimum for a 503
}

// answers has every code of the contract. It is the only place that maps codes to HTTP statuses.
var answers = map[openapi.ProblemCode]answer{
	openapi.ProblemCodeInvalidJSON:              {400, "The body must be one JSON object in UTF-8.", 0},
	openapi.ProblemCodeUnknownField:             {400, "The body has a field that is not in the contract.", 0},
	openapi.ProblemCodeDuplicateField:           {400, "The body has a field twice.", 0},
	openapi.ProblemCodeWrongType:                {400, "A field has the wrong type.", 0},
	openapi.ProblemCodeInvalidIdempotencyKey:    {400, "Idempotency-Key must be given once, with 1 to 255 visible ASCII characters.", 0},
	openapi.ProblemCodeInvalidChallengeResponse: {400, "Challenge-Response must be given once, with 1 to 8192 visible ASCII characters.", 0},
	openapi.ProblemCodeUnauthorized:             {401, "This address needs an operator's bearer token.", 0},
	openapi.ProblemCodeInsufficientScope:        {403, "This token does not have the scope that this address needs.", 0},
	openapi.ProblemCodeNotFound:                 {404, "There is nothing at this address.", 0},
	openapi.ProblemCodeMethodNotAllowed:         {405, "This address does not allow this method. The Allow header lists the allowed ones.", 0},
	openapi.ProblemCodeRequestTimeout:           {408, "The body did not arrive in time.", 0},
	openapi.ProblemCodeEmailTaken:               {409, "This email address already has an account.", 0},
	openapi.ProblemCodeUsernameTaken:            {409, "This username is already taken.", 0},
	openapi.ProblemCodeSuperseded:               {409, "The owner of this email address has confirmed it in another registration, or rejected this one.", 0},
	openapi.ProblemCodeAlreadyActive:            {409, "A code was already accepted. You do not need another one.", 0},
	openapi.ProblemCodeNotReady:                 {409, "There is no code for this registration yet. Please try again in a moment.", time.Second},
	openapi.ProblemCodeUserPending:              {409, "The user has not verified yet. Erase the user, or wait until the registration expires.", 0},
	openapi.ProblemCodeCampaignEnded:            {409, "The campaign has ended.", 0},
	openapi.ProblemCodeCodeExpired:              {410, "Your code has expired. Please ask for a new one.", 0},
	openapi.ProblemCodeRegistrationClosed:       {410, "This registration has ended. Please register again.", 0},
	openapi.ProblemCodeUnreadableReport:         {406, "The delivery report is not valid.", 0},
	openapi.ProblemCodeBodyTooLarge:             {413, "The body is too large.", 0},
	openapi.ProblemCodeUnsupportedMediaType:     {415, "The body must be application/json, in UTF-8.", 0},
	openapi.ProblemCodeValidationFailed:         {422, "Some fields are not valid. Please correct them.", 0},
	openapi.ProblemCodeRefusedByPolicy:          {422, "We cannot accept this registration.", 0}, // the gate has its own text
	openapi.ProblemCodeIdempotencyKeyReused:     {422, "This Idempotency-Key was already used for a different request.", 0},
	openapi.ProblemCodeWrongCode:                {422, "This code is wrong or no longer valid.", 0},
	openapi.ProblemCodeTooManyAttempts:          {429, "Too many wrong codes. Please ask for a new one.", 0},
	openapi.ProblemCodeResendCooldown:           {429, "We sent you a code a moment ago. Please wait before you ask for another one.", 0},
	openapi.ProblemCodeTooManyResends:           {429, "We cannot send more codes for this registration.", 0},
	openapi.ProblemCodeRateLimited:              {429, "There were too many requests. Please wait before you try again.", 0},
	openapi.ProblemCodeChallengeRequired:        {429, "There were too many requests. Please solve the challenge, or wait.", 0},
	openapi.ProblemCodeInternal:                 {500, "Something went wrong on our side.", 0},
	// Temporal and workers restart within seconds, and the user is waiting.
	openapi.ProblemCodeUnavailable: {503, "We cannot take your request right now. Please try again shortly.", time.Second},
	// A request waits about a second at most in the queue for password hashing.
	openapi.ProblemCodeOverloaded: {503, "Too many people are registering right now. Please try again in a moment.", time.Second},
}

// retrySpread is the maximum that a 503 adds to its Retry-After, in seconds. The value is random, so that refused clients
// do not retry in step.
const retrySpread = 2

// refusals maps a workflow's refusals to codes of the contract.
var refusals = map[workflows.Refusal]openapi.ProblemCode{
	workflows.RefusedNotReady:        openapi.ProblemCodeNotReady,
	workflows.RefusedCodeExpired:     openapi.ProblemCodeCodeExpired,
	workflows.RefusedTooManyAttempts: openapi.ProblemCodeTooManyAttempts,
	workflows.RefusedCooldown:        openapi.ProblemCodeResendCooldown,
	workflows.RefusedTooManyResends:  openapi.ProblemCodeTooManyResends,
	workflows.RefusedActivating:      openapi.ProblemCodeAlreadyActive,
	workflows.RefusedActive:          openapi.ProblemCodeAlreadyActive,
	workflows.RefusedClosed:          openapi.ProblemCodeRegistrationClosed,
}

// ruleProblems maps the store's broken rules to codes of the contract.
var ruleProblems = map[user.Code]openapi.ProblemCode{
	user.CodeEmailTaken:    openapi.ProblemCodeEmailTaken,
	user.CodeUsernameTaken: openapi.ProblemCodeUsernameTaken,
	user.CodeSuperseded:    openapi.ProblemCodeSuperseded,
}

// problem is an error for the client. A zero detail or retryAfter means the value in answers.
type problem struct {
	code         openapi.ProblemCode
	detail       string
	fields       []openapi.FieldError
	policyCode   string // the gate's own name of the reason
	attemptsLeft *int
	retryAfter   time.Duration
	challenge    *openapi.Challenge
	limit        string // that refused the request, for the log
	cause        error  // for the log
}

func (p *problem) Error() string { return string(p.code) }

// problemOf maps an error to a problem. An unknown error is a defect.
func problemOf(err error, now time.Time) *problem {
	var (
		known   *problem
		invalid *user.ValidationError
		refused *workflows.RefusedError
	)
	switch {
	case errors.As(err, &known):
		return known
	case campaignProblem(err) != nil:
		return campaignProblem(err)
	case errors.As(err, &invalid):
		return &problem{code: openapi.ProblemCodeValidationFailed, fields: fieldErrors(invalid.Fields)}
	case errors.As(err, &refused) && refusals[refused.Refusal] != "":
		p := &problem{code: refusals[refused.Refusal]}
		if !refused.RetryAt.IsZero() {
			p.retryAfter = max(refused.RetryAt.Sub(now), time.Second)
		}
		return p
	case errors.Is(err, engine.ErrNotFound):
		return &problem{code: openapi.ProblemCodeNotFound}
	case errors.Is(err, secret.ErrSaturated):
		return &problem{code: openapi.ProblemCodeOverloaded, cause: err}
	case errors.Is(err, engine.ErrUnavailable), errors.Is(err, engine.ErrUnconfirmed), errors.Is(err, gate.ErrUnavailable),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &problem{code: openapi.ProblemCodeUnavailable, cause: err}
	default:
		return &problem{code: openapi.ProblemCodeInternal, cause: err}
	}
}

// invalidField is the error of a request with one invalid field.
func invalidField(name string, code user.Code, message string) error {
	return &user.ValidationError{Fields: []user.FieldError{{Field: name, Code: code, Message: message}}}
}

// fieldProblem turns a *user.Error into the error of a request with that one invalid field, and returns any other error.
func fieldProblem(name string, err error) error {
	if broken := new(user.Error); errors.As(err, &broken) {
		return invalidField(name, broken.Code, broken.Message)
	}
	return err
}

func fieldErrors(broken []user.FieldError) []openapi.FieldError {
	fields := make([]openapi.FieldError, len(broken))
	for i, b := range broken {
		fields[i] = openapi.FieldError{Field: openapi.FieldErrorField(b.Field), Code: openapi.FieldErrorCode(b.Code), Message: b.Message}
	}
	return fields
}

// fail answers a request with an error. It is the only place that writes problems; failPage writes errors as pages.
func (s *server) fail(c *gin.Context, err error) {
	p, a, _ := s.refuse(c, err)
	if c.Writer.Written() { // the client disconnected during the response
		return
	}
	body := openapi.Problem{
		Type: openapi.ProblemTypeAboutBlank, Title: http.StatusText(a.status), Status: a.status, Code: p.code, Detail: a.detail,
		RequestID: requestID(c.Request.Context()), Errors: p.fields, PolicyCode: p.policyCode, AttemptsLeft: p.attemptsLeft,
		Challenge: p.challenge,
	}
	if p.detail != "" {
		body.Detail = p.detail
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // cannot happen: the body has only strings and numbers
	}
	c.Data(a.status, "application/problem+json", text)
}

// refuse stops the handling of a request, logs the cause, and sets Retry-After to the time to wait, which it returns.
func (s *server) refuse(c *gin.Context, err error) (*problem, answer, time.Duration) {
	c.Abort()
	p := problemOf(err, s.Now())
	a := answers[p.code]
	s.logCause(c, p, a.status)
	if p.limit != "" {
		c.Set(limitName, p.limit)
	}
	wait := max(p.retryAfter, a.retryAfter)
	if wait <= 0 {
		return p, a, 0
	}
	seconds := int(math.Ceil(wait.Seconds()))
	if a.status == http.StatusServiceUnavailable {
		seconds += s.Random(retrySpread + 1)
	}
	c.Header("Retry-After", strconv.Itoa(seconds))
	return p, a, time.Duration(seconds) * time.Second
}

func (s *server) logCause(c *gin.Context, p *problem, status int) {
	if p.cause == nil {
		return
	}
	log := s.log(c.Request.Context())
	if status == http.StatusInternalServerError {
		log.ErrorContext(c.Request.Context(), "defect", "route", c.FullPath(), "err", p.cause)
		return
	}
	log.WarnContext(c.Request.Context(), "request refused", "route", c.FullPath(), "code", p.code, "err", p.cause)
}
