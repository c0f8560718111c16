package message

import (
	"errors"
	"time"
)

// Status is the delivery status of a message that a provider accepted. Statuses are ranked: a late report of a lower
// status changes nothing.
type Status string

// The statuses, in the order of their ranks.
const (
	StatusSent        Status = "sent"        // accepted by the provider, not reported yet
	StatusDelivered   Status = "delivered"   // delivered to the user's device or mailbox
	StatusUndelivered Status = "undelivered" // failed permanently: a hard bounce, an unreachable number
	StatusComplained  Status = "complained"  // the user marked it as spam
)

// statuses are in the order of their ranks.
var statuses = []Status{StatusSent, StatusDelivered, StatusUndelivered, StatusComplained}

// Below returns the statuses with a lower rank than s, or nil if s is not a status.
func (s Status) Below() []Status {
	for rank, other := range statuses {
		if s == other {
			return statuses[:rank]
		}
	}
	return nil
}

// Report is a provider's delivery report on a message that it accepted. Reports may be repeated and arrive in any order.
type Report struct {
	Provider  string
	MessageID string // as in the Receipt
	// Status is never StatusSent. It is empty if the report does not change the message's status, for example because the
	// provider retries the delivery.
	Status Status
	Code   string // the provider's own code; never an address or a text
	At     time.Time
	// Token is a one-time token that the provider signs with the report; empty if it has none. A repeated token is valid only
	// with the same report; with a different report it is a forgery.
	Token string
	// Recipient and Suppress add a canonical address to the suppression list; both or neither are set.
	Recipient string
	Suppress  SuppressionReason
}

// Outcome is the combined result of a message's delivery reports. It is zero if there are none.
type Outcome struct {
	Status      Status
	Code        string    // of the report that set the status
	At          time.Time // of that report; UTC
	DeliveredAt time.Time // zero unless reported; UTC
}

// AttemptUndelivered is the Failure of the Attempt that the store adds when a message is reported undelivered. No Sender
// returns it.
const AttemptUndelivered Failure = "undelivered"

// Errors of a delivery report.
var (
	// ErrNotGenuine: the signature is missing, wrong or too old, or its token was used by another report.
	ErrNotGenuine = errors.New("the report is not genuine")
	// ErrUnreadable: the signature is right, but the content is not a valid report.
	ErrUnreadable = errors.New("the report cannot be read")
)

// ErrUndelivered is returned when an Entry is recorded whose message was already reported undelivered. The entry is
// written.
var ErrUndelivered = errors.New("the message was reported undelivered")
