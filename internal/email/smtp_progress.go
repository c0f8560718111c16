package email

import (
	"context"
	"slices"

	"registrar/internal/message"
)

// maxUndecided is how many recipients may be refused since the last one that was taken. So many in a row are not to blame for it
// themselves: a limit is reached, or the account has lost a right.
const maxUndecided = 10

// batchProgress counts what becomes of a batch's recipients, one after the other.
//
// A refusal may be for the recipient's own sake (greylisted, a policy of that domain) or for ours (a limit, no right to
// relay), and the server's code does not always tell. That somebody is taken later by the same connection does: until
// then the refusal is undecided. Nobody whose refusal is undecided is done, except at the end of the batch when anybody was
// taken: else one person who is refused would keep a campaign from its end.
type batchProgress struct {
	// try hands over one recipient's email. An error, of which the recipient is no cause, ends the batch.
	try func(i int) (*smtpRefusal, error)

	seen      int // recipients
	anyTaken  bool
	rejected  []int          // refused for their own sake
	noMailbox []int          // those among them who have no mailbox
	undecided []int          // refused, and nobody was taken since; in their order
	retryable []int          // refused for now, so that a second try may help
	cause     *message.Error // of the undecided: the last that may pass, or else the first
}

// sendAll tries n recipients. The error says why those who are not done were not taken; it is nil when the sender was stopped.
func (t *batchProgress) sendAll(ctx context.Context, n int) error {
	for t.seen < n {
		if t.seen > 0 && !message.TimeFor(ctx, smtpTimeout) {
			return t.stopError()
		}
		refusal, err := t.try(t.seen)
		if refusal != nil {
			t.refuse(refusal)
		} else if err == nil {
			t.take()
		}
		if err != nil {
			return err
		}
		if len(t.undecided) >= maxUndecided {
			return t.cause
		}
	}
	if t.anyTaken {
		t.rejectUndecided()
		t.retryRefused(ctx)
	}
	return t.undecidedError()
}

// retryRefused ends with the connection. Who may have been taken then counts as rejected, and gets nothing twice.
func (t *batchProgress) retryRefused(ctx context.Context) {
	for _, i := range t.retryable {
		if !message.TimeFor(ctx, smtpTimeout) {
			return
		}
		refusal, err := t.try(i)
		if err != nil {
			return
		}
		if refusal == nil {
			t.rejected = slices.DeleteFunc(t.rejected, func(n int) bool { return n == i })
		}
	}
}

func (t *batchProgress) take() {
	t.seen++
	t.anyTaken = true
	t.rejectUndecided()
}

func (t *batchProgress) rejectUndecided() {
	t.rejected = append(t.rejected, t.undecided...)
	t.undecided, t.cause = nil, nil
}

func (t *batchProgress) refuse(r *smtpRefusal) {
	i := t.seen
	t.seen++
	passes := r.Failure == message.Unavailable
	if passes {
		t.retryable = append(t.retryable, i)
	}
	if r.noMailbox {
		t.noMailbox = append(t.noMailbox, i)
	}
	if r.own {
		t.rejected = append(t.rejected, i)
		return
	}
	t.undecided = append(t.undecided, i)
	if t.cause == nil || passes {
		t.cause = r.Error
	}
}

// undecidedError is why there is somebody who is not done, or nil.
func (t *batchProgress) undecidedError() error {
	if len(t.undecided) == 0 {
		return nil
	}
	return t.cause
}

// stopError is the error of a batch that was stopped: only when nobody is done. Somebody might have been taken, so it proves
// nothing about the account.
func (t *batchProgress) stopError() error {
	if len(t.undecided) == 0 || t.undecided[0] != 0 {
		return nil
	}
	cause := *t.cause
	cause.Failure = message.Unavailable
	return &cause
}

// receipt is of those who are done.
func (t *batchProgress) receipt(of message.Receipt) message.BatchReceipt {
	done := t.seen
	if len(t.undecided) > 0 {
		done = t.undecided[0]
	}
	r := message.BatchReceipt{Receipt: of, Done: done, Rejected: below(done, t.rejected)}
	if t.anyTaken {
		r.Gone = below(done, t.noMailbox)
	}
	return r
}

// below are those of the indexes that are less than n, in order.
func below(n int, all []int) []int {
	return slices.DeleteFunc(slices.Sorted(slices.Values(all)), func(i int) bool { return i >= n })
}
