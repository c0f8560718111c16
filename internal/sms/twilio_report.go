package sms

import (
	"errors"
	"net/url"
	"regexp"
	"time"

	"github.com/twilio/twilio-go/client"

	"registrar/internal/message"
)

// TwilioRetries is a URL fragment for callbacks. It makes Twilio retry after any failure, up to five times within 15
// seconds in total (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides). Twilio does not sign it.
const TwilioRetries = "#rc=5&rp=all"

// TwilioReports verifies and reads the delivery reports that Twilio posts. It is safe for concurrent use.
type TwilioReports struct {
	validator client.RequestValidator
	publicURL string
}

// NewTwilioReports returns a reader of reports signed with the account's primary auth token. Twilio signs with this token
// even if messages are sent with an API key. publicURL is the scheme and host of the StatusCallback.
func NewTwilioReports(authToken, publicURL string) (*TwilioReports, error) {
	if authToken == "" || publicURL == "" {
		return nil, errors.New("twilio: reports need the auth token and the public URL")
	}
	return &TwilioReports{client.NewRequestValidator(authToken), publicURL}, nil
}

// Read verifies and reads a form that was posted to target (path and query) with the header X-Twilio-Signature. The error
// is message.ErrNotGenuine or message.ErrUnreadable. The report has no Token: the signature covers the whole form, so a
// replay can only repeat the report, which changes nothing. Twilio sends no time of a failure and no exact time of other
// events, so At is now.
func (t *TwilioReports) Read(signature, target string, form url.Values, now time.Time) (message.Report, error) {
	params := map[string]string{}
	for name, values := range form {
		if len(values) != 1 { // Twilio signs one value for each name
			return message.Report{}, message.ErrNotGenuine
		}
		params[name] = values[0]
	}
	if signature == "" || !t.validator.Validate(t.publicURL+target, params, signature) {
		return message.Report{}, message.ErrNotGenuine
	}
	r := message.Report{Provider: TwilioName, MessageID: params["MessageSid"], At: now.UTC()}
	if r.MessageID == "" || params["MessageStatus"] == "" {
		return message.Report{}, message.ErrUnreadable
	}
	r.Status = twilioStatus(params["MessageStatus"])
	if r.Status == message.StatusUndelivered {
		r.Code = params["MessageStatus"]
		if twilioCode.MatchString(params["ErrorCode"]) {
			r.Code = params["ErrorCode"]
		}
	}
	return r, nil
}

// twilioCode is the format of Twilio's error codes.
var twilioCode = regexp.MustCompile(`^[0-9]{1,9}$`)

// twilioStatus returns the message's new status, or "" if the event does not change it
// (https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks).
func twilioStatus(status string) message.Status {
	switch status {
	case "delivered", "read":
		return message.StatusDelivered
	case "undelivered", "failed":
		return message.StatusUndelivered
	default:
		return ""
	}
}
