package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"registrar/internal/user"
)

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
func (r *registration) checkVerify(ctx workflow.Context, in VerifyInput) error {
	refused := r.checkUpdate()
	switch {
	case refused != nil:
		if (refused.Refusal == RefusedActive || refused.Refusal == RefusedActivating) && !r.outcome().Accepts(in) {
			refused = &RefusedError{Refusal: RefusedWrongCode}
		}
	case r.codes.last.attemptsLeft == 0:
		refused = &RefusedError{Refusal: RefusedTooManyAttempts}
	case len(r.codes.valid(workflow.Now(ctx))) == 0:
		refused = &RefusedError{Refusal: RefusedCodeExpired}
	default:
		return nil
	}
	return refused.application()
}

// onVerify compares a typed code. If it completes the required proofs, it waits for the activation; otherwise the next code
// is issued.
func (r *registration) onVerify(ctx workflow.Context, in VerifyInput) (VerifyResult, error) {
	c, right := r.matches(workflow.Now(ctx), in)
	if !right {
		r.codes.countWrong()
		r.addDetail(ctx, fmt.Sprintf("wrong code, %d attempts left", r.codes.last.attemptsLeft))
		return VerifyResult{AttemptsLeft: r.codes.last.attemptsLeft}, nil
	}
	r.addDetail(ctx, fmt.Sprintf("right code entered: code %d by %s", c.sequence, c.channel))
	r.countEntered(ctx, c)
	r.proofs.prove(c.channel)
	if missing := r.proofs.missing(); len(missing) > 0 {
		if r.proofs.has(r.codes.last.channel) {
			r.issue(ctx, missing[0])
		}
		verification := r.codes.verification()
		return VerifyResult{Next: &verification, Channel: c.channel, Route: user.RouteOf(r.codes.mobile)}, nil
	}
	r.verified, r.verifiedAt, r.codeDigest = true, workflow.Now(ctx), r.in.CodeDigests[c.sequence-1]
	if err := r.awaitAnswer(ctx, func() bool { return r.status != StatusPending }); err != nil {
		return VerifyResult{}, err
	}
	if r.status != StatusActive {
		return VerifyResult{}, (&RefusedError{Refusal: RefusedClosed}).application()
	}
	return VerifyResult{Active: true, Channel: c.channel, Route: user.RouteOf(r.codes.mobile)}, nil
}

// awaitAnswer waits, in an Update, until condition holds or no step runs any more. It also works in a cancelled
// registration, which answers after it has freed its user.
func (r *registration) awaitAnswer(ctx workflow.Context, condition func() bool) error {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	return workflow.Await(ctx, func() bool { return r.ended || condition() })
}

// matches returns the valid code that was typed.
func (r *registration) matches(now time.Time, in VerifyInput) (typed code, ok bool) {
	if r.held { // no code was sent
		return code{}, false
	}
	for _, c := range r.codes.valid(now) {
		if in.is(r.in.CodeDigests[c.sequence-1]) {
			return c, true
		}
	}
	return code{}, false
}
