package workflows

import (
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
	channel      message.Channel
	attemptsLeft int
	expiresAt    time.Time // CodeTTL after the request for it or, later, after a provider accepted it

	sent    handover
	entered bool
}

// codes are the issued codes and their destinations. Earlier codes stay valid, unless the number they went to is replaced.
type codes struct {
	last        code
	earlier     []code // newest first
	email       string
	mobile      string // E.164; empty if the user gave none
	keys        DestinationKeys
	resends     int // requested in this run
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

// replaceMobile sets the number and ends the codes that were sent to another one.
func (c *codes) replaceMobile(mobile, key string) {
	if mobile != c.mobile {
		bySMS := func(i code) bool { return i.channel == message.ChannelSMS }
		c.earlier = slices.DeleteFunc(c.earlier, bySMS)
		if bySMS(c.last) {
			c.last.attemptsLeft = 0
		}
	}
	c.mobile, c.keys.Mobile = mobile, key
}

func (c *codes) to() string {
	if c.last.channel == message.ChannelSMS {
		return c.mobile
	}
	return c.email
}

func (c *codes) verification() Verification {
	masked := user.MaskEmail(c.email)
	if c.last.channel == message.ChannelSMS {
		masked = user.MaskMobile(c.mobile)
	}
	return Verification{Channel: c.last.channel, Destination: masked, ExpiresAt: c.last.expiresAt, ResendAfter: c.resendAfter}
}

// issue makes the next code the current one; sendCodes sends it. The code before stays valid.
func (r *registration) issue(ctx workflow.Context, channel message.Channel) {
	now := workflow.Now(ctx)
	if r.codes.last.attemptsLeft > 0 {
		r.codes.earlier = append([]code{r.codes.last}, r.codes.earlier...)
	}
	r.codes.last = code{
		sequence: r.codes.last.sequence + 1, channel: channel,
		attemptsLeft: r.in.Policy.CodeAttempts, expiresAt: now.Add(r.in.Policy.CodeTTL),
	}
	r.codes.undelivered = false
	r.codes.resendAfter = now.Add(r.in.Policy.ResendCooldown)
}

// sendCodes sends the current code. It sends it again if it was reported undelivered, and cancels it when a later code is
// issued.
func (r *registration) sendCodes(ctx workflow.Context) {
	for ctx.Err() == nil {
		current := r.codes.last.sequence
		sending, stop := workflow.WithCancel(ctx)
		sent := r.startSending(sending)
		again := func() bool { return r.codes.undelivered && sent.IsReady() }
		if err := workflow.Await(ctx, func() bool { return r.codes.last.sequence != current || again() }); err != nil {
			return
		}
		r.codes.undelivered = false
		stop()
	}
}

// startSending sends the current code. If the address has an account that the registration must not reveal, its holder gets
// a notice instead; everything else is the same.
func (r *registration) startSending(ctx workflow.Context) workflow.Future {
	if r.held {
		return r.startStep(ctx, stepExists, func(ctx workflow.Context) error { return r.sendCode(ctx, stepExists, r.sendAccountExists) })
	}
	return r.startStep(ctx, stepOTP, func(ctx workflow.Context) error { return r.sendCode(ctx, stepOTP, r.sendOTP) })
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

// sendCode sends the current code, or what is sent instead of it.
func (r *registration) sendCode(ctx workflow.Context, s step, send func(workflow.Context, string) (SendResult, error)) error {
	c, mobile := r.codes.last, r.codes.mobile
	what := fmt.Sprintf("code %d by %s", c.sequence, c.channel)
	if s == stepExists {
		what = "notice that the account exists"
	}
	r.sending++
	out, err := send(ctx, "send "+what)
	r.sending--
	if err != nil {
		if ctx.Err() == nil {
			reason := reasonOf(err, r.unavailable(s))
			r.codeAwaitsOperator = reason != ReasonSMSRejected && reason != ReasonEmailRejected
		}
		return err
	}
	if !r.verified {
		r.extend(c, workflow.Now(ctx))
		r.codeAwaitsOperator = r.codeAwaitsOperator && c.sequence != r.codes.last.sequence
	}
	if s == stepOTP && out.Receipt.Provider != "" {
		r.countSent(ctx, c, mobile, out.Receipt.Provider)
	}
	r.sent(ctx, what, out)
	return nil
}

// extend begins the lifetime of a code when a provider has accepted it. If the registration must not reveal accounts, it
// does so only for a late code. Otherwise the expiry would show how long the sending took, and a notice takes another time
// than a code.
func (r *registration) extend(c code, now time.Time) {
	expiresAt := now.Add(r.in.Policy.CodeTTL)
	if !r.in.Policy.Conceal || expiresAt.Sub(c.expiresAt) > r.in.Policy.ResendCooldown {
		r.codes.extend(c.sequence, expiresAt)
	}
}

func (r *registration) sendOTP(ctx workflow.Context, summary string) (SendResult, error) {
	c := r.codes.last
	return execute(ctx, r.budgets, summary, Activities.SendOTP, OTPInput{
		RegistrationID: r.in.RegistrationID, UserID: r.userID,
		Sequence: c.sequence, KeyID: r.in.OTPKeyID, CodeTTL: r.in.Policy.CodeTTL,
		Channel: c.channel, To: r.codes.to(), FirstName: r.in.Profile.FirstName, Locale: r.in.Profile.Locale,
		Attributes: r.in.Profile.Attributes,
	})
}

// sendAccountExists tells the holder of the address that somebody tried to register with it.
func (r *registration) sendAccountExists(ctx workflow.Context, summary string) (SendResult, error) {
	in := AccountExistsInput{EmailCanonical: r.in.Profile.EmailCanonical, At: workflow.Now(ctx)}
	return execute(ctx, r.budgets, summary, Activities.SendAccountExists, in)
}
