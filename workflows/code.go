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

// code is an issued one-time code.
type code struct {
	sequence     int // counts from 1; 0 before the first code
	attemptsLeft int
	expiresAt    time.Time // CodeTTL after the request for it or, later, after a provider accepted it
}

// codes are the issued codes and their destination. Earlier codes to the same destination are valid too.
type codes struct {
	last        code
	earlier     []code // to the same destination, newest first
	channel     message.Channel
	mobile      string // E.164; empty if codes are sent by email
	email       string
	key         string // RegistrationState.DestinationKey
	resends     int    // requested in this run
	resendAfter time.Time
	undelivered bool // the last code must be sent again, as soon as it is not being sent
}

// valid returns the codes that can be entered, newest first.
func (c *codes) valid(now time.Time) []code {
	all := append([]code{c.last}, c.earlier...)
	return slices.DeleteFunc(all, func(i code) bool { return i.attemptsLeft == 0 || now.After(i.expiresAt) })
}

// extend sets a new expiry for a code, unless a corrected number has ended it.
func (c *codes) extend(sequence int, expiresAt time.Time) {
	c.each(func(i *code) {
		if i.sequence == sequence {
			i.expiresAt = expiresAt
		}
	})
}

// countWrong counts a wrong code as an attempt at every issued code, so that no code gets more attempts than the policy
// allows. The last issued code therefore has the most attempts left.
func (c *codes) countWrong() {
	c.each(func(i *code) { i.attemptsLeft = max(i.attemptsLeft-1, 0) })
}

func (c *codes) each(do func(*code)) {
	do(&c.last)
	for n := range c.earlier {
		do(&c.earlier[n])
	}
}

// address sets the destination of codes: the mobile number, or else the email address.
func (c *codes) address(p user.Profile) {
	c.channel, c.email, c.mobile = message.ChannelEmail, p.Email, p.Mobile
	if c.mobile != "" {
		c.channel = message.ChannelSMS
	}
}

func (c *codes) to() string {
	if c.channel == message.ChannelSMS {
		return c.mobile
	}
	return c.email
}

func (c *codes) verification() Verification {
	masked := user.MaskEmail(c.email)
	if c.channel == message.ChannelSMS {
		masked = user.MaskMobile(c.mobile)
	}
	return Verification{Channel: c.channel, Destination: masked, ExpiresAt: c.last.expiresAt, ResendAfter: c.resendAfter}
}

// issue makes the next code the current one; sendCodes sends it.
func (r *registration) issue(ctx workflow.Context) {
	now := workflow.Now(ctx)
	r.codes.last = code{r.codes.last.sequence + 1, r.in.Policy.CodeAttempts, now.Add(r.in.Policy.CodeTTL)}
	r.codes.undelivered = false
	r.codes.resendAfter = now.Add(r.in.Policy.ResendCooldown)
}

// sendCodes sends the current code. It sends it again if it was reported undelivered, and cancels it when a later code is
// issued.
func (r *registration) sendCodes(ctx workflow.Context) {
	for ctx.Err() == nil {
		current := r.codes.last.sequence
		sending, stop := workflow.WithCancel(ctx)
		sent := r.startStep(sending, stepOTP, r.sendCode)
		again := func() bool { return r.codes.undelivered && sent.IsReady() }
		if err := workflow.Await(ctx, func() bool { return r.codes.last.sequence != current || again() }); err != nil {
			return
		}
		r.codes.undelivered = false
		stop()
	}
}

// onUndelivered makes sendCodes send the current code again if it can still be entered. SendOTP reads from the ledger which
// providers reported it undelivered.
func (r *registration) onUndelivered(ctx workflow.Context, in Undelivered) {
	if in.Kind != message.KindOTP || r.checkUpdate() != nil {
		return
	}
	what := fmt.Sprintf("code %d was reported undelivered by %s", in.Sequence, in.Provider)
	switch {
	case in.Sequence != r.codes.last.sequence:
		r.addDetail(ctx, what+"; it is not the last code")
	case r.codes.last.attemptsLeft == 0, workflow.Now(ctx).After(r.codes.last.expiresAt):
		r.addDetail(ctx, what+", but it can no longer be entered")
	default:
		r.addDetail(ctx, what)
		r.codes.undelivered = true
	}
}

// sendCode sends the current code. Its lifetime begins when a provider has accepted it.
func (r *registration) sendCode(ctx workflow.Context) error {
	c, channel := r.codes.last, r.codes.channel
	r.sending++
	out, err := execute(ctx, r.budgets, fmt.Sprintf("send code %d by %s", c.sequence, channel), Activities.SendOTP, OTPInput{
		RegistrationID: r.in.RegistrationID, UserID: r.userID,
		Sequence: c.sequence, KeyID: r.in.OTPKeyID, CodeTTL: r.in.Policy.CodeTTL,
		Channel: channel, To: r.codes.to(), FirstName: r.in.Profile.FirstName, Locale: r.in.Profile.Locale,
	})
	r.sending--
	if err != nil {
		if ctx.Err() == nil {
			reason := reasonOf(err, r.unavailable(stepOTP))
			r.codeAwaitsOperator = reason != ReasonSMSRejected && reason != ReasonEmailRejected
		}
		return err
	}
	if !r.verified {
		r.codes.extend(c.sequence, workflow.Now(ctx).Add(r.in.Policy.CodeTTL))
		r.codeAwaitsOperator = r.codeAwaitsOperator && c.sequence != r.codes.last.sequence
	}
	r.sent(ctx, fmt.Sprintf("code %d by %s", c.sequence, channel), out)
	return nil
}

// checkUpdate returns a refusal if the registration's state accepts no Update.
func (r *registration) checkUpdate() *RefusedError {
	switch {
	case r.status == StatusActive:
		return &RefusedError{Refusal: RefusedActive}
	case r.status == StatusAccepted && !r.ended:
		return &RefusedError{Refusal: RefusedNotReady}
	case r.status != StatusPending, r.ended:
		return &RefusedError{Refusal: RefusedClosed}
	case r.verified: // the right code was entered; now the database decides
		return &RefusedError{Refusal: RefusedActivating}
	case r.superseded, r.windowOver:
		return &RefusedError{Refusal: RefusedClosed}
	}
	return nil
}

// checkVerify refuses an Update if no code can be entered. A refusal adds no event to the history.
func (r *registration) checkVerify(ctx workflow.Context, _ VerifyInput) error {
	refused := r.checkUpdate()
	switch {
	case refused != nil:
	case r.codes.last.attemptsLeft == 0:
		refused = &RefusedError{Refusal: RefusedTooManyAttempts}
	case len(r.codes.valid(workflow.Now(ctx))) == 0:
		refused = &RefusedError{Refusal: RefusedCodeExpired}
	default:
		return nil
	}
	return refused.application()
}

// onVerify compares a typed code and, if it is right, waits for the activation.
func (r *registration) onVerify(ctx workflow.Context, in VerifyInput) (VerifyResult, error) {
	sequence, right := r.matches(workflow.Now(ctx), in.Digests)
	if !right {
		r.codes.countWrong()
		r.addDetail(ctx, fmt.Sprintf("wrong code, %d attempts left", r.codes.last.attemptsLeft))
		return VerifyResult{AttemptsLeft: r.codes.last.attemptsLeft}, nil
	}
	r.verified, r.verifiedAt = true, workflow.Now(ctx)
	r.addDetail(ctx, fmt.Sprintf("right code entered: code %d", sequence))
	if err := r.awaitAnswer(ctx, func() bool { return r.status != StatusPending }); err != nil {
		return VerifyResult{}, err
	}
	if r.status != StatusActive {
		return VerifyResult{}, (&RefusedError{Refusal: RefusedClosed}).application()
	}
	return VerifyResult{Active: true}, nil
}

// awaitAnswer waits, in an Update, until condition holds or no step runs any more. It also works in a cancelled
// registration, which answers after it has freed its user.
func (r *registration) awaitAnswer(ctx workflow.Context, condition func() bool) error {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	return workflow.Await(ctx, func() bool { return r.ended || condition() })
}

// matches returns the sequence of the valid code that was typed.
func (r *registration) matches(now time.Time, digests []string) (sequence int, ok bool) {
	for _, c := range r.codes.valid(now) {
		want := r.in.CodeDigests[c.sequence-1]
		for _, got := range digests {
			if subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 {
				return c.sequence, true
			}
		}
	}
	return 0, false
}

// checkResend refuses a new code during the cooldown and after the last one.
func (r *registration) checkResend(ctx workflow.Context, _ ResendInput) error {
	refused := r.checkUpdate()
	switch {
	case refused != nil:
	case r.codes.resends >= r.in.Policy.Resends, r.codes.last.sequence >= len(r.in.CodeDigests):
		refused = &RefusedError{Refusal: RefusedTooManyResends}
	case workflow.Now(ctx).Before(r.codes.resendAfter):
		refused = &RefusedError{Refusal: RefusedCooldown, RetryAt: r.codes.resendAfter}
	default:
		return nil
	}
	return refused.application()
}

// keepEarlier keeps the codes that stay valid after the next one is issued: those to the same destination.
func (c *codes) keepEarlier(mobile string) {
	if mobile != "" && mobile != c.mobile {
		c.earlier = nil
		return
	}
	c.earlier = append([]code{c.last}, c.earlier...)
}

// onResend issues a new code, to a corrected number if there is one. A corrected number ends the codes to the old one.
func (r *registration) onResend(ctx workflow.Context, in ResendInput) (Verification, error) {
	r.codes.keepEarlier(in.Mobile)
	if in.Mobile != "" {
		r.codes.channel, r.codes.mobile, r.codes.key = message.ChannelSMS, in.Mobile, in.DestinationKey
	}
	r.codes.resends++
	r.issue(ctx)
	r.addDetail(ctx, fmt.Sprintf("code %d requested", r.codes.last.sequence))
	return r.codes.verification(), nil
}
