package message

import (
	"errors"
	"time"
)

// Status is what is known of a message that a provider took. Each outranks those before it: a report of a lower one,
// which came late, changes nothing.
type Status string

// The statuses, in the order of their ranks.
const (
	StatusSent        Status = "sent"        // taken by the provider, which has said no more
	StatusDelivered   Status = "delivered"   // handed to the person's device or mailbox
	StatusUndelivered Status = "undelivered" // given up for good: a hard bounce, an unreachable number
	StatusComplained  Status = "complained"  // the person marked it as spam
)

// statuses by rank.
var statuses = []Status{StatusSent, StatusDelivered, StatusUndelivered, StatusComplained}

// Below are the statuses that s outranks; none for what is no status.
func (s Status) Below() []Status {
	for rank, other := range statuses {
		if s == other {
			return statuses[:rank]
		}
	}
	return nil
}

// Report is a provider's word on a message after it took it. The same report may come more than once and in any order.
type Report struct {
	Provider  string
	MessageID string // as in the Receipt
	// Status is any but StatusSent; empty for a report that says nothing of the message, such as that
	// of a delivery that the provider tries again.
	Status Status
	Code   string // the provider's own; never an address or a text
	At     time.Time
	// Token makes the report count once, where the provider signs one with it; else empty. The same report under the same
	// token is a repetition, another one a forgery.
	Token string
	// Recipient and Suppress put a canonical address on the list of suppressions; both or neither are set.
	Recipient string
	Suppress  SuppressionReason
}

// Outcome is what the reports of a message come to. It is zero while there are none.
type Outcome struct {
	Status      Status
	Code        string    // of the report that gave the status
	At          time.Time // of that report; UTC
	DeliveredAt time.Time // zero unless reported; UTC
}

// AttemptUndelivered is the Failure of the Attempt that the store adds when a message was reported undelivered. No
// Sender answers it.
const AttemptUndelivered Failure = "undelivered"

// What may be wrong with a report.
var (
	// ErrNotGenuine: the provider has not signed it, or not lately, or it was changed since.
	ErrNotGenuine = errors.New("the report is not genuine")
	// ErrUnreadable: the provider has signed it, and it makes no sense.
	ErrUnreadable = errors.New("the report cannot be read")
)

// ErrUndelivered is what the ledger answers to an Entry whose message the provider has reported undelivered already. The
// entry is written.
var ErrUndelivered = errors.New("the message was reported undelivered")
