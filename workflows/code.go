package workflows

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
	"registrar/internal/user"
)

// issued is one code.
type issued struct {
	sequence  int       // counts from 1; 0 before the first code
	attempts  int       // left
	expiresAt time.Time // CodeTTL after it was asked for, or after a provider took it
}

// code is the one-time password sent last, with where codes go. Codes sent to the same destination before count as well.
type code struct {
	issued
	earlier     []issued // to the same destination, newest first
	channel     message.Channel
	mobile      string // E.164, empty when codes go by email
	email       string
	key         string // RegistrationState.DestinationKey
	resends     int    // asked for in this run
	resendAfter time.Time
	undelivered bool // to be sent again, when it is not being sent
}

// living lists the codes that can be entered, newest first.
func (c *code) living(now time.Time) []issued {
	all := append([]issued{c.issued}, c.earlier...)
	return slices.DeleteFunc(all, func(i issued) bool { return i.attempts == 0 || now.After(i.expiresAt) })
}

// renew begins a code's life anew, if it still counts.
func (c *code) renew(sequence int, expiresAt time.Time) {
	c.each(func(i *issued) {
		if i.sequence == sequence {
			i.expiresAt = expiresAt
		}
	})
}

// miss counts a wrong code. It was a try at every code, so that none is ever tried more often than the policy allows. The
// code sent last therefore has the most tries left.
func (c *code) miss() {
	c.each(func(i *issued) { i.attempts = max(i.attempts-1, 0) })
}

func (c *code) each(do func(*issued)) {
	do(&c.issued)
	for n := range c.earlier {
		do(&c.earlier[n])
	}
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
	r.code.issued = issued{r.code.sequence + 1, r.in.Policy.CodeTries, now.Add(r.in.Policy.CodeTTL)}
	r.code.undelivered = false
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
		r.tell(ctx, what+"; a later one was asked for")
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
	if !r.verified {
		r.code.renew(c.sequence, workflow.Now(ctx).Add(r.in.Policy.CodeTTL))
		r.held = r.held && c.sequence != r.code.sequence
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
	case len(r.code.living(workflow.Now(ctx))) == 0:
		refused = &RefusedError{Refusal: RefusedCodeExpired}
	default:
		return nil
	}
	return refused.application()
}

// onVerify compares a typed code and, when it is right, waits for the activation.
func (r *registration) onVerify(ctx workflow.Context, in VerifyInput) (VerifyResult, error) {
	sequence, right := r.matches(workflow.Now(ctx), in.Digests)
	if !right {
		r.code.miss()
		r.tell(ctx, fmt.Sprintf("wrong code, %d attempts left", r.code.attempts))
		return VerifyResult{AttemptsLeft: r.code.attempts}, nil
	}
	r.verified, r.verifiedAt = true, workflow.Now(ctx)
	r.tell(ctx, fmt.Sprintf("right code: code %d", sequence))
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

// matches finds the living code that was typed.
func (r *registration) matches(now time.Time, digests []string) (sequence int, ok bool) {
	for _, c := range r.code.living(now) {
		want := r.in.CodeDigests[c.sequence-1]
		for _, got := range digests {
			if subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 {
				return c.sequence, true
			}
		}
	}
	return 0, false
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

// keepEarlier keeps the codes that count beside the next one: those to the same destination. A registration that had asked
// for a second code when a release without this served it goes on with its last code only.
func (r *registration) keepEarlier(ctx workflow.Context, mobile string) {
	c := &r.code
	switch {
	case mobile != "" && mobile != c.mobile:
		c.earlier = nil
	case workflow.GetVersion(ctx, "late-codes", workflow.DefaultVersion, 1) > workflow.DefaultVersion:
		c.earlier = append([]issued{c.issued}, c.earlier...)
	}
}

// onResend issues a new code, to a corrected number if there is one. The codes to another number end.
func (r *registration) onResend(ctx workflow.Context, in ResendInput) (Verification, error) {
	r.keepEarlier(ctx, in.Mobile)
	if in.Mobile != "" {
		r.code.channel, r.code.mobile, r.code.key = message.ChannelSMS, in.Mobile, in.DestinationKey
	}
	r.code.resends++
	r.issue(ctx)
	r.tell(ctx, fmt.Sprintf("code %d asked for", r.code.sequence))
	return r.code.verification(), nil
}
