package message

import "time"

// SuppressionReason is the reason why an address is suppressed.
type SuppressionReason string

// The reasons.
const (
	Bounced      SuppressionReason = "bounced"      // a provider reported a hard bounce
	Complained   SuppressionReason = "complained"   // the user marked a message as spam
	Unsubscribed SuppressionReason = "unsubscribed" // the user withdrew the consent to campaigns
)

// Suppression excludes an address from campaigns. With the reason Bounced or Complained it also stops optional notices,
// such as the welcome email. A code that a user asks for is always sent; the provider may refuse it.
type Suppression struct {
	Address string // canonical
	Reason  SuppressionReason
	Source  string // the provider that reported it, "link" or "operator"
	Since   time.Time
}

// WithdrawsConsent reports whether the reason withdraws the user's consent to campaigns.
func (r SuppressionReason) WithdrawsConsent() bool { return r == Complained || r == Unsubscribed }

// BlocksNotices reports whether the reason also stops optional notices.
func (r SuppressionReason) BlocksNotices() bool { return r == Bounced || r == Complained }
