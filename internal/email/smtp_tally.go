package email

import (
	"context"
	"slices"

	"registrar/internal/message"
)

// mostOpen is how many recipients may be refused since the last one that was taken. So many in a row are not to blame for it
// themselves: a limit is reached, or the account has lost a right.
const mostOpen = 10

// tally counts what becomes of a batch's recipients, one after the other.
//
// A refusal may be for the recipient's own sake (greylisted, a policy of that domain) or for ours (a limit, no right to
// relay), and the server's code does not always tell. That somebody is taken later by the same connection does: until then
// the refusal is open. Nobody whose refusal is open is done, except at the end of the batch when anybody was taken: else one
// person who is refused would keep a campaign from its end.
type tally struct {
	// try hands over one recipient's email. An error, of which the recipient is no cause, ends the batch.
	try func(i int) (*smtpRefusal, error)

	seen     int            // recipients
	anyone   bool           // was taken
	rejected []int          // refused for their own sake
	gone     []int          // those among them who have no mailbox
	open     []int          // in their order
	again    []int          // refused for now, so that a second try may help
	cause    *message.Error // of what is open: the last that may pass, or else the first
}

// all tries n recipients. The error says why those who are not done were not taken; it is nil when the sender was stopped.
func (t *tally) all(ctx context.Context, n int) error {
	for t.seen < n {
		if t.seen > 0 && !message.TimeFor(ctx, smtpStall) {
			return t.stopped()
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
		if len(t.open) >= mostOpen {
			return t.cause
		}
	}
	if t.anyone {
		t.settle()
		t.secondTries(ctx)
	}
	return t.refused()
}

// secondTries ends with the connection. Who may have been taken then counts as rejected, and gets nothing twice.
func (t *tally) secondTries(ctx context.Context) {
	for _, i := range t.again {
		if !message.TimeFor(ctx, smtpStall) {
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

func (t *tally) take() {
	t.seen++
	t.anyone = true
	t.settle()
}

func (t *tally) settle() {
	t.rejected = append(t.rejected, t.open...)
	t.open, t.cause = nil, nil
}

func (t *tally) refuse(r *smtpRefusal) {
	i := t.seen
	t.seen++
	passes := r.Failure == message.Unavailable
	if passes {
		t.again = append(t.again, i)
	}
	if r.gone {
		t.gone = append(t.gone, i)
	}
	if r.own {
		t.rejected = append(t.rejected, i)
		return
	}
	t.open = append(t.open, i)
	if t.cause == nil || passes {
		t.cause = r.Error
	}
}

// refused is why there is somebody who is not done, or nil.
func (t *tally) refused() error {
	if len(t.open) == 0 {
		return nil
	}
	return t.cause
}

// stopped is the error of a batch that was stopped: only when nobody is done. Somebody might have been taken, so it proves
// nothing about the account.
func (t *tally) stopped() error {
	if len(t.open) == 0 || t.open[0] != 0 {
		return nil
	}
	cause := *t.cause
	cause.Failure = message.Unavailable
	return &cause
}

// receipt is of those who are done.
func (t *tally) receipt(of message.Receipt) message.BatchReceipt {
	done := t.seen
	if len(t.open) > 0 {
		done = t.open[0]
	}
	r := message.BatchReceipt{Receipt: of, Done: done, Rejected: below(done, t.rejected)}
	if t.anyone {
		r.Gone = below(done, t.gone)
	}
	return r
}

// below are those of the indexes that are less than n, in order.
func below(n int, all []int) []int {
	return slices.DeleteFunc(slices.Sorted(slices.Values(all)), func(i int) bool { return i >= n })
}
