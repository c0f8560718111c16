package sms

import (
	"errors"
	"net/url"
	"regexp"
	"time"

	"github.com/twilio/twilio-go/client"

	"registrar/internal/message"
)

// TwilioRetries is what is put after the URL of a callback so that Twilio tries five times more whatever fails, within
// the 15 seconds that it allows (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides). It is not part
// of what Twilio signs.
const TwilioRetries = "#rc=5&rp=all"

// TwilioReports reads the delivery reports that Twilio posts. It is safe for concurrent use.
type TwilioReports struct {
	validator client.RequestValidator
	publicURL string
}

// NewTwilioReports takes the account's primary auth token, with which Twilio signs also where messages are sent with an
// API key, and where Twilio reaches this service: scheme and host, as in the StatusCallback.
func NewTwilioReports(authToken, publicURL string) (*TwilioReports, error) {
	if authToken == "" || publicURL == "" {
		return nil, errors.New("twilio: reports need the auth token and the public URL")
	}
	return &TwilioReports{client.NewRequestValidator(authToken), publicURL}, nil
}

// Read reads a form that was posted to a path and query, with the header X-Twilio-Signature. The error is
// message.ErrNotGenuine or message.ErrUnreadable. A report has no Token: the signature covers all of it, so that it can
// only be repeated, which changes nothing. Twilio says when it happened neither for failures nor to the second, so it is
// when the report came.
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

// twilioCode is what Twilio's error codes look like.
var twilioCode = regexp.MustCompile(`^[0-9]{1,9}$`)

// twilioStatus is empty for what does not settle the message's fate
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
