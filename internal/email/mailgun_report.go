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

// Maximum difference between the signature's time and our clock. Mailgun recommends a check but names no limit
// (https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks). It retries a report for eight
// hours, perhaps with the first signature, and an outage of this service must not lose a report. The token detects a
// replay within this time.
const (
	maxReportAge  = 9 * time.Hour
	maxReportSkew = 5 * time.Minute
)

// MailgunReports verifies and reads the delivery reports that Mailgun posts. It is safe for concurrent use.
type MailgunReports struct{ verifier mailgun.Mailgun }

// NewMailgunReports returns a reader of reports signed with the account's HTTP webhook signing key, which is not an API
// key.
func NewMailgunReports(signingKey string) (*MailgunReports, error) {
	if signingKey == "" {
		return nil, errors.New("mailgun: the webhook signing key is missing")
	}
	verifier := mailgun.NewMailgun("", "")
	verifier.SetWebhookSigningKey(signingKey)
	return &MailgunReports{verifier}, nil
}

// Read verifies and reads a report: the JSON members signature and event-data of Mailgun's request. The error is
// message.ErrNotGenuine or message.ErrUnreadable. The signature does not cover the event, so the caller must accept the
// report's Token only once.
func (m *MailgunReports) Read(signature, event []byte, now time.Time) (message.Report, error) {
	token, err := m.verify(signature, now)
	if err != nil {
		return message.Report{}, err
	}
	var e mailgunEvent
	// A field of another type than documented counts as missing; the other fields are still read.
	var typeErr *json.UnmarshalTypeError
	if err := json.Unmarshal(event, &e); err != nil && !errors.As(err, &typeErr) || e.Event == "" {
		return message.Report{}, message.ErrUnreadable
	}
	return e.report(token, now)
}

// maxToken is the width of the database column. Mailgun documents a length of 50 characters.
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

// mailgunEvent has the used fields of an event
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
		Code     json.RawMessage `json:"code"`          // a number, or a string with a number
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

// status returns the message's new status, or "" if the event does not change it.
func (e mailgunEvent) status() message.Status {
	switch e.Event {
	case events.EventDelivered:
		return message.StatusDelivered
	case events.EventComplained:
		return message.StatusComplained
	case events.EventRejected:
		return message.StatusUndelivered
	case events.EventFailed:
		// Mailgun may report a message that it gave up as too old with the severity temporary
		// (https://feedback.mailgun.com/forums/914635-general-feedback/suggestions/37219720).
		if e.Severity == events.SeverityPermanent || e.Reason == events.ReasonOld {
			return message.StatusUndelivered
		}
	}
	return ""
}

// suppress returns the reason to suppress the recipient, or "". Mailgun drops messages to addresses on its own suppression
// list and reports the reason, which is adopted. A failure because of the sender's reputation or of expired retries does
// not suppress the address. Other reasons, such as generic, do so only with a code that means that the mailbox does not
// exist. The rule is strict because only an operator can remove an address from the suppression list.
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

// Formats of Mailgun's codes and reasons. Anything else might be a text with an address.
var (
	mailgunCode   = regexp.MustCompile(`^[1-9][0-9]{2}$`)
	mailgunReason = regexp.MustCompile(`^[a-z-]{1,32}$`)
)

// code returns the reply code of the recipient's server, or Mailgun's own code (600 and above). Without a code it returns
// the reason.
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

// at returns the time of the event, but not later than now.
func (e mailgunEvent) at(now time.Time) time.Time {
	if e.Timestamp <= 0 || e.Timestamp > float64(now.Unix()) {
		return now.UTC()
	}
	seconds, fraction := math.Modf(e.Timestamp)
	return time.Unix(int64(seconds), int64(fraction*1e9)).UTC()
}
