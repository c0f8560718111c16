package workflows

import (
	"crypto/subtle"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
	"registrar/internal/user"
)

// code is the one-time password sent last: only it verifies the registration.
type code struct {
	channel     message.Channel
	mobile      string // E.164, empty when codes go by email
	email       string
	key         string // RegistrationState.DestinationKey
	sequence    int    // counts from 1; 0 before the first code
	resends     int    // asked for in this run
	attempts    int    // left
	expiresAt   time.Time
	resendAfter time.Time
	undelivered bool // to be sent again, when it is not being sent
}

// address decides where codes go: to the mobile number when there is one.
func (c *code) address(p user.Profile) {
	c.channel, c.email, c.mobile = message.ChannelEmail, p.Email, p.Mobile
	if c.mobile != "" {
		c.channel = message.ChannelSMS
	}
}

func (c *code) to() string {
	if c.channel == message.ChannelSMS {
		return c.mobile
	}
	return c.email
}

func (c *code) verification() Verification {
	masked := user.MaskEmail(c.email)
	if c.channel == message.ChannelSMS {
		masked = user.MaskMobile(c.mobile)
	}
	return Verification{Channel: c.channel, Destination: masked, ExpiresAt: c.expiresAt, ResendAfter: c.resendAfter}
}

// issue makes the next code the current one. sendCodes sends it.
func (r *registration) issue(ctx workflow.Context) {
	now := workflow.Now(ctx)
	r.code.sequence++
	r.code.undelivered = false
	r.code.attempts = r.in.Policy.CodeTries
	r.code.expiresAt = now.Add(r.in.Policy.CodeTTL)
	r.code.resendAfter = now.Add(r.in.Policy.ResendCooldown)
}

// sendCodes sends the current code, again when it was reported undelivered, and each later one instead of it.
func (r *registration) sendCodes(ctx workflow.Context) {
	for ctx.Err() == nil {
		current := r.code.sequence
		sending, stop := workflow.WithCancel(ctx)
		sent := r.begin(sending, stepOTP, r.sendCode)
		again := func() bool { return r.code.undelivered && sent.IsReady() }
		if err := workflow.Await(ctx, func() bool { return r.code.sequence != current || again() }); err != nil {
			return
		}
		r.code.undelivered = false
		stop()
	}
}

// onUndelivered has the current code sent again while it can be entered. The ledger knows who could not deliver it.
func (r *registration) onUndelivered(ctx workflow.Context, in Undelivered) {
	if in.Kind != message.KindOTP || r.mayUpdate() != nil {
		return
	}
	what := fmt.Sprintf("code %d was reported undelivered by %s", in.Sequence, in.Provider)
	switch {
	case in.Sequence != r.code.sequence:
		r.tell(ctx, what+"; a later one counts")
	case r.code.attempts == 0, workflow.Now(ctx).After(r.code.expiresAt):
		r.tell(ctx, what+", too late")
	default:
		r.tell(ctx, what)
		r.code.undelivered = true
	}
}

// sendCode sends the current code. Its life begins when a provider has taken it.
func (r *registration) sendCode(ctx workflow.Context) error {
	c := r.code
	r.sending++
	out, err := execute(ctx, r.budgets, fmt.Sprintf("send code %d by %s", c.sequence, c.channel), Activities.SendOTP, OTPInput{
		RegistrationID: r.in.RegistrationID, UserID: r.persisted.UserID,
		Sequence: c.sequence, KeyID: r.in.OTPKeyID, CodeTTL: r.in.Policy.CodeTTL,
		Channel: c.channel, To: c.to(), FirstName: r.in.Profile.FirstName, Locale: r.in.Profile.Locale,
	})
	r.sending--
	if err != nil {
		return err
	}
	if c.sequence == r.code.sequence && !r.verified {
		r.code.expiresAt = workflow.Now(ctx).Add(r.in.Policy.CodeTTL)
		r.held = false
	}
	r.sent(ctx, fmt.Sprintf("code %d by %s", c.sequence, c.channel), out)
	return nil
}

// mayUpdate refuses what a registration in this state does not take.
func (r *registration) mayUpdate() *RefusedError {
	switch {
	case r.status == StatusActive:
		return &RefusedError{Refusal: RefusedActive}
	case r.status == StatusAccepted && !r.ended:
		return &RefusedError{Refusal: RefusedNotReady}
	case r.status != StatusPending, r.ended:
		return &RefusedError{Refusal: RefusedClosed}
	case r.verified: // whatever comes now, the database decides
		return &RefusedError{Refusal: RefusedActivating}
	case r.superseded, r.lapsed:
		return &RefusedError{Refusal: RefusedClosed}
	}
	return nil
}

// mayVerify refuses a code that is not worth comparing; a refusal leaves no trace in the history.
func (r *registration) mayVerify(ctx workflow.Context, _ VerifyInput) error {
	refused := r.mayUpdate()
	switch {
	case refused != nil:
	case r.code.attempts == 0:
		refused = &RefusedError{Refusal: RefusedTooManyAttempts}
	case workflow.Now(ctx).After(r.code.expiresAt):
		refused = &RefusedError{Refusal: RefusedCodeExpired}
	default:
		return nil
	}
	return refused.application()
}

// onVerify compares a typed code and, when it is right, waits for the activation.
func (r *registration) onVerify(ctx workflow.Context, in VerifyInput) (VerifyResult, error) {
	if !r.matches(in.Digests) {
		r.code.attempts--
		r.tell(ctx, fmt.Sprintf("wrong code, %d tries left", r.code.attempts))
		return VerifyResult{AttemptsLeft: r.code.attempts}, nil
	}
	r.verified, r.verifiedAt = true, workflow.Now(ctx)
	r.tell(ctx, "right code")
	if err := r.answerWhen(ctx, func() bool { return r.status != StatusPending }); err != nil {
		return VerifyResult{}, err
	}
	if r.status != StatusActive {
		return VerifyResult{}, (&RefusedError{Refusal: RefusedClosed}).application()
	}
	return VerifyResult{Active: true}, nil
}

// answerWhen lets an Update wait for a condition, at most until no step runs any more. A cancelled registration answers
// as well, once it has freed what it held.
func (r *registration) answerWhen(ctx workflow.Context, condition func() bool) error {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	return workflow.Await(ctx, func() bool { return r.ended || condition() })
}

func (r *registration) matches(digests []string) bool {
	want := r.in.CodeDigests[r.code.sequence-1]
	for _, got := range digests {
		if subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 {
			return true
		}
	}
	return false
}

// mayResend refuses a new code in the cooldown and after the last one.
func (r *registration) mayResend(ctx workflow.Context, _ ResendInput) error {
	refused := r.mayUpdate()
	switch {
	case refused != nil:
	case r.code.resends >= r.in.Policy.Resends, r.code.sequence >= len(r.in.CodeDigests):
		refused = &RefusedError{Refusal: RefusedTooManyResends}
	case workflow.Now(ctx).Before(r.code.resendAfter):
		refused = &RefusedError{Refusal: RefusedCooldown, RetryAt: r.code.resendAfter}
	default:
		return nil
	}
	return refused.application()
}

// onResend issues a new code, to a corrected number if there is one.
func (r *registration) onResend(ctx workflow.Context, in ResendInput) (Verification, error) {
	if in.Mobile != "" {
		r.code.channel, r.code.mobile, r.code.key = message.ChannelSMS, in.Mobile, in.DestinationKey
	}
	r.code.resends++
	r.issue(ctx)
	r.tell(ctx, fmt.Sprintf("code %d asked for", r.code.sequence))
	return r.code.verification(), nil
}
