package message

import "time"

// SuppressionReason says why an address is not written to.
type SuppressionReason string

// The reasons.
const (
	Bounced      SuppressionReason = "bounced"      // a provider reported that the address takes no mail
	Complained   SuppressionReason = "complained"   // the person marked a message as spam
	Unsubscribed SuppressionReason = "unsubscribed" // the person took the consent to campaigns back
)

// Suppression keeps an address from campaigns. One that Bounced or Complained gets no notice that can be left out
// either, such as the welcome email; a code that a person asks for is sent all the same, and the provider decides.
type Suppression struct {
	Address string // canonical
	Reason  SuppressionReason
	Source  string // the provider that reported it, "link" or "operator"
	Since   time.Time
}

// WithdrawsConsent is true when the person wants no campaigns any more.
func (r SuppressionReason) WithdrawsConsent() bool { return r == Complained || r == Unsubscribed }

// BlocksNotices is true when not even a notice that can be left out is sent.
func (r SuppressionReason) BlocksNotices() bool { return r == Bounced || r == Complained }
