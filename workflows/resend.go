package workflows

import (
	"cmp"
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
)

// checkResend refuses a new code during the cooldown and after the last one. It reserves a code for each missing proof.
func (r *registration) checkResend(ctx workflow.Context, in ResendInput) error {
	refused := r.checkUpdate()
	switch {
	case refused != nil:
	case r.codes.resends >= r.in.Policy.Resends, r.codes.last.sequence+len(r.proofsAfter(in).missing()) > len(r.in.CodeDigests):
		refused = &RefusedError{Refusal: RefusedTooManyResends}
	case workflow.Now(ctx).Before(r.codes.resendAfter):
		refused = &RefusedError{Refusal: RefusedCooldown, RetryAt: r.codes.resendAfter}
	case in.Channel == message.ChannelSMS && cmp.Or(in.Mobile, r.codes.mobile) == "":
		refused = &RefusedError{Refusal: RefusedNoNumber}
	case in.Mobile != "" && r.proofs.sms:
		refused = &RefusedError{Refusal: RefusedNumberProven}
	default:
		return nil
	}
	return refused.application()
}

// proofsAfter returns the proofs with one more, if in requires it: a code by SMS, or a new number, in a registration that
// must prove its address.
func (r *registration) proofsAfter(in ResendInput) *proofs {
	after := r.proofs
	after.needSMS = after.needSMS || in.Mobile != "" || in.Channel == message.ChannelSMS
	return &after
}

// resendChannel returns the channel of the next code. A code for what is proven would be of no use. If the registration must
// not reveal accounts, its address is proven first: the asker's own phone would tell whether a code was sent to it.
func (r *registration) resendChannel(in ResendInput) message.Channel {
	channel := cmp.Or(in.Channel, r.codes.last.channel)
	if in.Channel == "" && in.Mobile != "" {
		channel = message.ChannelSMS
	}
	if r.isClosed(channel) {
		return r.codes.last.channel
	}
	return channel
}

// isClosed reports whether no code is sent by a channel now.
func (r *registration) isClosed(channel message.Channel) bool {
	return r.proofs.has(channel) || channel == message.ChannelSMS && r.in.Policy.Conceal && !r.proofs.email
}

// closedChannels returns the channels by which no code is sent now.
func (r *registration) closedChannels() []message.Channel {
	both := []message.Channel{message.ChannelEmail, message.ChannelSMS}
	return slices.DeleteFunc(both, func(c message.Channel) bool { return !r.isClosed(c) })
}

// onResend issues a new code.
func (r *registration) onResend(ctx workflow.Context, in ResendInput) (Verification, error) {
	channel := r.resendChannel(in)
	r.proofs = *r.proofsAfter(in)
	if in.Mobile != "" {
		r.codes.replaceMobile(in.Mobile, in.MobileKey)
	}
	r.codes.resends++
	r.issue(ctx, channel)
	r.addDetail(ctx, fmt.Sprintf("code %d by %s requested", r.codes.last.sequence, channel))
	return r.codes.verification(), nil
}
