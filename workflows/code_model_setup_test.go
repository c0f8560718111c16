package workflows_test

import (
	"context"

	"pgregory.net/rapid"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

// drawPolicy draws what the registration must prove, and how many codes an earlier run has sent. It returns the result of
// storing its user.
func (w *observed) drawPolicy(t *rapid.T) workflows.PersistResult {
	in, m := &w.in, &w.codes
	in.Policy.Verify = rapid.SampledFrom([]workflows.Verify{workflows.VerifySMS, workflows.VerifyEmail, workflows.VerifyBoth}).Draw(t, "verify")
	in.Policy.Conceal = rapid.Bool().Draw(t, "conceal")
	given := rapid.Bool().Draw(t, "number")
	if !given {
		in.Profile.Mobile = ""
	}
	out := storedBefore(user.StatusPending, rapid.IntRange(0, 12).Draw(t, "codes of an earlier run"))
	out.Persisted.Contested = rapid.Bool().Draw(t, "contested")
	out.Persisted.Held = in.Policy.Conceal && out.Persisted.Contested && rapid.Bool().Draw(t, "held")
	out.Persisted.Mobile = in.Profile.Mobile

	m.mobile, m.conceal, m.held = in.Profile.Mobile, in.Policy.Conceal, out.Persisted.Held
	m.needEmail = in.Policy.Verify != workflows.VerifySMS || !given || out.Persisted.Contested || in.Policy.Conceal
	m.needSMS = given && (in.Policy.Verify == workflows.VerifyBoth || !m.needEmail)
	m.before = min(out.CodesSent, workflows.CodesOf(in.Policy)-2)
	return out
}

// drawResend draws a request for a code.
func drawResend(t *rapid.T) workflows.ResendInput {
	return rapid.SampledFrom([]workflows.ResendInput{
		{}, {}, {Mobile: mobile}, {Mobile: otherMobile}, {Channel: message.ChannelEmail}, {Channel: message.ChannelSMS},
	}).Draw(t, "resend")
}

// succeed has every activity succeed.
func (w *observed) succeed(persisted workflows.PersistResult) {
	w.fake.persistUser = func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
		return w.store(persisted), nil
	}
	w.fake.sendOTP = func(_ context.Context, in workflows.OTPInput) (workflows.SendResult, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if fault := w.unsoundCode(in); fault != "" {
			w.breaks(fault)
		}
		w.codes.sent(w.env.Now(), in.Sequence)
		return sentBy("acme"), nil
	}
	w.fake.activateUser = func(_ context.Context, in workflows.ActivateInput) (workflows.ActivateResult, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if fault := w.unsoundActivation(in); fault != "" {
			w.breaks(fault)
		}
		return workflows.ActivateResult{}, nil
	}
}

// unsoundCode returns what is wrong with a code that is sent, if anything.
func (w *observed) unsoundCode(in workflows.OTPInput) string {
	m := &w.codes
	switch {
	case m.held:
		return "a code to an address that has an account"
	case in.Sequence <= m.before || in.Sequence > m.before+workflows.CodesOf(w.in.Policy)/2:
		return "more codes than a registration may need"
	case m.conceal && in.Channel == message.ChannelSMS && !m.proven[message.ChannelEmail]:
		return "a code by SMS shows that the address has no account"
	}
	return ""
}

// unsoundActivation returns what is wrong with an activation, if anything.
func (w *observed) unsoundActivation(in workflows.ActivateInput) string {
	a, m := in.Activation, &w.codes
	switch {
	case w.activeBefore:
		return ""
	case !w.right:
		return "without the right code"
	case a.EmailProven != (m.proven[message.ChannelEmail] || w.final.channel == message.ChannelEmail):
		return "wrong proof of the email"
	case a.MobileProven != (m.proven[message.ChannelSMS] || w.final.channel == message.ChannelSMS):
		return "wrong proof of the number"
	case a.MobileProven && a.Mobile != m.mobile:
		return "the proof of another number"
	case len(m.missing(w.final.channel)) > 0:
		return "without every proof"
	}
	return ""
}
