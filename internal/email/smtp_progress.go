package email

import (
	"context"
	"slices"

	"registrar/internal/message"
)

// maxUndecided is the maximum number of undecided refusals in a row. So many indicate a limit or a missing right of the
// account rather than faults of the recipients.
const maxUndecided = 10

// batchProgress sends a batch's emails one after the other and counts the results.
//
// A refusal may concern the recipient (greylisting, a policy of its domain) or the account (a limit, no right to relay), and
// the server's code does not always show which. Such a refusal is undecided until the same connection accepts a later
// recipient, which shows that the account may send. A recipient with an undecided refusal is not done. At the end of the
// batch, undecided refusals count as rejected if any recipient was accepted: else one refused recipient would keep a
// campaign from completing.
type batchProgress struct {
	// send sends one recipient's email. An error does not concern the recipient and ends the batch.
	send func(i int) (*smtpRefusal, error)

	sent        int            // recipients sent to, accepted or refused
	anyAccepted bool           // at least one recipient was accepted
	rejected    []int          // indexes of recipients that the server refused
	noMailbox   []int          // indexes of recipients whose mailbox does not exist
	undecided   []int          // indexes of recipients with an undecided refusal, in order
	retryable   []int          // indexes of recipients with a temporary refusal, to be tried again
	cause       *message.Error // of the undecided refusals: the last temporary one, else the first
}

// sendAll sends to n recipients. The error explains why recipients that are not done were not accepted. After a stop it is nil
// unless no recipient is done.
func (t *batchProgress) sendAll(ctx context.Context, n int) error {
	for t.sent < n {
		if t.sent > 0 && !message.TimeFor(ctx, smtpTimeout) {
			return t.stopError()
		}
		refusal, err := t.send(t.sent)
		if refusal != nil {
			t.refuse(refusal)
		} else if err == nil {
			t.accept()
		}
		if err != nil {
			return err
		}
		if len(t.undecided) >= maxUndecided {
			return t.cause
		}
	}
	if t.anyAccepted {
		t.rejectUndecided()
		t.retryRefused(ctx)
	}
	return t.undecidedError()
}

// retryRefused tries recipients with a temporary refusal once more. It ends when the connection breaks. A recipient whose
// email may have been accepted at that moment stays rejected, so that it is not sent twice.
func (t *batchProgress) retryRefused(ctx context.Context) {
	for _, i := range t.retryable {
		if !message.TimeFor(ctx, smtpTimeout) {
			return
		}
		refusal, err := t.send(i)
		if err != nil {
			return
		}
		if refusal == nil {
			t.rejected = slices.DeleteFunc(t.rejected, func(n int) bool { return n == i })
		}
	}
}

func (t *batchProgress) accept() {
	t.sent++
	t.anyAccepted = true
	t.rejectUndecided()
}

func (t *batchProgress) rejectUndecided() {
	t.rejected = append(t.rejected, t.undecided...)
	t.undecided, t.cause = nil, nil
}

func (t *batchProgress) refuse(r *smtpRefusal) {
	i := t.sent
	t.sent++
	temporary := r.Failure == message.Unavailable
	if temporary {
		t.retryable = append(t.retryable, i)
	}
	if r.noMailbox {
		t.noMailbox = append(t.noMailbox, i)
	}
	if r.recipientFault {
		t.rejected = append(t.rejected, i)
		return
	}
	t.undecided = append(t.undecided, i)
	if t.cause == nil || temporary {
		t.cause = r.Error
	}
}

// undecidedError returns the cause of the undecided refusals, or nil if there are none.
func (t *batchProgress) undecidedError() error {
	if len(t.undecided) == 0 {
		return nil
	}
	return t.cause
}

// stopError returns the error of a stopped batch. It is nil unless no recipient is done. It is always Unavailable: a later
// recipient might have been accepted, so the refusals prove nothing about the account.
func (t *batchProgress) stopError() error {
	if len(t.undecided) == 0 || t.undecided[0] != 0 {
		return nil
	}
	cause := *t.cause
	cause.Failure = message.Unavailable
	return &cause
}

// receipt returns the receipt for the recipients that are done.
func (t *batchProgress) receipt(of message.Receipt) message.BatchReceipt {
	done := t.sent
	if len(t.undecided) > 0 {
		done = t.undecided[0]
	}
	r := message.BatchReceipt{Receipt: of, Done: done, Rejected: below(done, t.rejected)}
	if t.anyAccepted {
		r.Gone = below(done, t.noMailbox)
	}
	return r
}

// below returns the indexes that are less than n, in order.
func below(n int, all []int) []int {
	return slices.DeleteFunc(slices.Sorted(slices.Values(all)), func(i int) bool { return i >= n })
}
