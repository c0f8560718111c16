package email

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/mailgun/mailgun-go/v4"
	"github.com/mailgun/mailgun-go/v4/events"

	"registrar/internal/message"
	"registrar/internal/user"
)

// How far the signature's time may be from ours. Mailgun asks for a check and names no number
// (https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks). It repeats a report for eight
// hours, and does not say that a repetition is signed anew: an outage of ours must lose none. What is replayed within that
// time is known by its token.
const (
	maxReportAge  = 9 * time.Hour
	maxReportSkew = 5 * time.Minute
)

// MailgunReports reads the delivery reports that Mailgun posts. It is safe for concurrent use.
type MailgunReports struct{ verifier mailgun.Mailgun }

// NewMailgunReports takes the account's HTTP webhook signing key, which is not an API key.
func NewMailgunReports(signingKey string) (*MailgunReports, error) {
	if signingKey == "" {
		return nil, errors.New("mailgun: the webhook signing key is missing")
	}
	verifier := mailgun.NewMailgun("", "")
	verifier.SetWebhookSigningKey(signingKey)
	return &MailgunReports{verifier}, nil
}

// Read reads the members signature and event-data of what Mailgun posted. The error is message.ErrNotGenuine or
// message.ErrUnreadable. The signature does not cover the event: the report's Token must count once.
func (m *MailgunReports) Read(signature, event []byte, now time.Time) (message.Report, error) {
	token, err := m.verify(signature, now)
	if err != nil {
		return message.Report{}, err
	}
	var e mailgunEvent
	// A side field of another type than documented is as good as missing; the rest is read all the same.
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(event, &e); err != nil && !errors.As(err, &mistyped) || e.Event == "" {
		return message.Report{}, message.ErrUnreadable
	}
	return e.report(token, now)
}

// maxToken is more than the 50 characters that Mailgun documents, and what the ledger keeps.
const maxToken = 255

func (m *MailgunReports) verify(signature []byte, now time.Time) (token string, err error) {
	var s struct {
		Timestamp json.Number `json:"timestamp"`
		Token     string      `json:"token"`
		Signature string      `json:"signature"`
	}
	if json.Unmarshal(signature, &s) != nil || s.Token == "" || len(s.Token) > maxToken {
		return "", message.ErrNotGenuine
	}
	genuine, err := m.verifier.VerifyWebhookSignature(mailgun.Signature{
		TimeStamp: s.Timestamp.String(), Token: s.Token, Signature: s.Signature,
	})
	seconds, noNumber := s.Timestamp.Int64()
	if err != nil || !genuine || noNumber != nil {
		return "", message.ErrNotGenuine
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > maxReportAge || age < -maxReportSkew {
		return "", message.ErrNotGenuine
	}
	return s.Token, nil
}

// mailgunEvent is what matters of an event
// (https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure).
type mailgunEvent struct {
	Event     string  `json:"event"`
	Severity  string  `json:"severity"`
	Reason    string  `json:"reason"`
	Recipient string  `json:"recipient"`
	Timestamp float64 `json:"timestamp"` // seconds
	Message   struct {
		Headers struct {
			MessageID string `json:"message-id"`
		} `json:"headers"`
	} `json:"message"`
	DeliveryStatus struct {
		Code     json.RawMessage `json:"code"`          // a number, or that as a string
		Enhanced string          `json:"enhanced-code"` // RFC 3463; often absent or null
	} `json:"delivery-status"`
}

func (e mailgunEvent) report(token string, now time.Time) (message.Report, error) {
	r := message.Report{
		Provider: MailgunName, MessageID: strings.Trim(e.Message.Headers.MessageID, "<>"),
		Status: e.status(), Code: e.code(), At: e.at(now), Token: token,
	}
	if reason := e.suppress(); reason != "" {
		_, canonical, err := user.ParseEmail(e.Recipient)
		if err != nil {
			return message.Report{}, message.ErrUnreadable
		}
		r.Recipient, r.Suppress = canonical, reason
	}
	if r.Status != "" && r.MessageID == "" {
		return message.Report{}, message.ErrUnreadable
	}
	return r, nil
}

// status is empty for what does not settle the message's fate.
func (e mailgunEvent) status() message.Status {
	switch e.Event {
	case events.EventDelivered:
		return message.StatusDelivered
	case events.EventComplained:
		return message.StatusComplained
	case events.EventRejected:
		return message.StatusUndelivered
	case events.EventFailed:
		// A message that got too old was seen to end as temporary
		// (https://feedback.mailgun.com/forums/914635-general-feedback/suggestions/37219720).
		if e.Severity == events.SeverityPermanent || e.Reason == events.ReasonOld {
			return message.StatusUndelivered
		}
	}
	return ""
}

// suppress is why the recipient is not to be written to, if so. Mailgun drops what goes to an address on its own list of
// suppressions and says which; that is taken over. What failed for the sake of the sender's reputation or of patience
// says nothing of the address, and a reason such as generic does only with a code that says that there is no mailbox:
// nothing but an operator takes an address off the list.
func (e mailgunEvent) suppress() message.SuppressionReason {
	switch e.Event {
	case events.EventComplained:
		return message.Complained
	case events.EventUnsubscribed:
		return message.Unsubscribed
	case events.EventFailed:
		if e.Severity != events.SeverityPermanent {
			return ""
		}
	default:
		return ""
	}
	switch e.Reason {
	case events.ReasonSuppressComplaint:
		return message.Complained
	case events.ReasonSuppressUnsubscribe:
		return message.Unsubscribed
	case events.ReasonBounce, events.ReasonSuppressBounce, events.ReasonHardFail:
		return message.Bounced
	case events.ReasonOld, events.ReasonESPBlock, events.ReasonBlacklisted, events.ReasonGreylisted:
		return ""
	}
	if isNoMailbox(e.DeliveryStatus.Enhanced) {
		return message.Bounced
	}
	return ""
}

// What Mailgun's codes and reasons look like. Anything else might be a text with an address.
var (
	mailgunCode   = regexp.MustCompile(`^[1-9][0-9]{2}$`)
	mailgunReason = regexp.MustCompile(`^[a-z-]{1,32}$`)
)

// code is the answer of the recipient's server, or Mailgun's own from 600 on; without one, the reason.
func (e mailgunEvent) code() string {
	code := strings.Trim(string(e.DeliveryStatus.Code), `"`)
	switch {
	case e.Event == events.EventFailed && mailgunCode.MatchString(code):
		return code
	case mailgunReason.MatchString(e.Reason):
		return e.Reason
	default:
		return ""
	}
}

// at is when it happened, but not later than now.
func (e mailgunEvent) at(now time.Time) time.Time {
	if e.Timestamp <= 0 || e.Timestamp > float64(now.Unix()) {
		return now.UTC()
	}
	seconds, fraction := math.Modf(e.Timestamp)
	return time.Unix(int64(seconds), int64(fraction*1e9)).UTC()
}
