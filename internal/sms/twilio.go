// Package sms sends the service's text messages: one provider a file, each a message.Sender.
package sms

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"

	"registrar/internal/httpclient"
	"registrar/internal/message"
)

// TwilioName is the provider name of Twilio in receipts, errors and pauses.
const TwilioName = "twilio"

const (
	twilioURL = "https://api.twilio.com"
	maxAnswer = 1 << 20 // bytes; a normal response has about 1 KB
)

// TwilioOptions configures a Twilio sender.
type TwilioOptions struct {
	AccountSID string // the sending account, "AC…"
	AuthToken  string // the account's token; leave empty to use an API key
	// APIKeySID and APIKeySecret are an API key, used instead of AuthToken. An API key can be revoked separately.
	APIKeySID, APIKeySecret string
	From                    string // an E.164 number or an alphanumeric sender; leave empty to use a messaging service
	MessagingServiceSID     string // "MG…", used instead of From
	StatusCallback          string // URL to which Twilio posts delivery reports; empty for none
	// BaseURL is that of another region or a compatible gateway; default https://api.twilio.com. The SDK's environment
	// variables TWILIO_EDGE and TWILIO_REGION have no effect.
	BaseURL string
	// HTTPClient provides the transport and the timeout of the calls; default httpclient.New.
	HTTPClient *http.Client
}

// Twilio sends SMS through Twilio's Programmable Messaging. It is a message.Sender and safe for concurrent use.
// The text is sent unchanged: neither shortened nor transliterated.
type Twilio struct {
	accountSID  string
	credentials *client.Credentials
	form        url.Values // of every message
	base        *url.URL
	transport   http.RoundTripper
	timeout     time.Duration
}

// alphanumeric is the format that the SDK requires of both parts of the credentials.
var alphanumeric = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// NewTwilio returns a sender, or an error that names the wrong option. It does not call Twilio.
func NewTwilio(o TwilioOptions) (*Twilio, error) {
	credentials, err := twilioCredentials(o)
	if err != nil {
		return nil, err
	}
	if (o.From == "") == (o.MessagingServiceSID == "") {
		return nil, errors.New("twilio: set exactly one of the sender and the messaging service")
	}
	base, err := url.Parse(strings.TrimRight(cmp.Or(o.BaseURL, twilioURL), "/"))
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("twilio: base URL %q is not a URL like %s", o.BaseURL, twilioURL)
	}
	if o.HTTPClient == nil {
		o.HTTPClient = httpclient.New()
	}
	return &Twilio{
		accountSID:  o.AccountSID,
		credentials: credentials,
		form:        twilioForm(o),
		base:        base,
		transport:   cmp.Or(o.HTTPClient.Transport, http.DefaultTransport),
		timeout:     o.HTTPClient.Timeout,
	}, nil
}

func twilioCredentials(o TwilioOptions) (*client.Credentials, error) {
	if !alphanumeric.MatchString(o.AccountSID) {
		return nil, errors.New("twilio: the account SID must be letters and digits")
	}
	user, secret := o.AccountSID, o.AuthToken
	if o.APIKeySID != "" || o.APIKeySecret != "" {
		if o.AuthToken != "" {
			return nil, errors.New("twilio: set either the auth token or an API key, not both")
		}
		user, secret = o.APIKeySID, o.APIKeySecret
	}
	if !alphanumeric.MatchString(user) || !alphanumeric.MatchString(secret) {
		return nil, errors.New("twilio: the auth token, or the API key's SID and secret, must be letters and digits")
	}
	return client.NewCredentials(user, secret), nil
}

// twilioForm returns the fields that are the same for every message.
func twilioForm(o TwilioOptions) url.Values {
	form := url.Values{}
	for field, value := range map[string]string{
		"From": o.From, "MessagingServiceSid": o.MessagingServiceSID, "StatusCallback": o.StatusCallback,
	} {
		if value != "" {
			form.Set(field, value)
		}
	}
	return form
}

// Send sends m through Twilio. It returns within ctx's deadline, and every error is a *message.Error.
func (t *Twilio) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	if _, limited := ctx.Deadline(); !limited && t.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.timeout)
		defer cancel()
	}
	form := maps.Clone(t.form)
	form.Set("To", m.To)
	form.Set("Body", m.Text)
	call := &twilioCall{ctx: ctx, base: t.base, next: t.transport}
	answer, err := t.post(call, form)
	if err != nil {
		return message.Receipt{}, call.classify(err)
	}
	return twilioReceipt(answer)
}

// twilioMessage holds the fields of Twilio's Message resource that are used here.
type twilioMessage struct {
	SID       string `json:"sid"`
	Status    string `json:"status"`
	ErrorCode int    `json:"error_code"`
}

// post creates a Message resource. It uses the SDK's client, which authenticates the request and reads error answers. The
// SDK's generated API would do the same, but its package has 760 other methods to compile.
func (t *Twilio) post(call *twilioCall, form url.Values) (twilioMessage, error) {
	c := &client.Client{
		Credentials: t.credentials,
		HTTPClient: &http.Client{
			Transport:     call,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	target := twilioURL + "/2010-04-01/Accounts/" + t.accountSID + "/Messages.json"
	answer, err := c.SendRequest(http.MethodPost, target, form, map[string]any{"Content-Type": "application/x-www-form-urlencoded"})
	if err != nil {
		return twilioMessage{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	var m twilioMessage
	err = json.NewDecoder(answer.Body).Decode(&m)
	return m, err
}

// twilioReceipt reads a successful response. The message in it may still have failed at once.
func twilioReceipt(m twilioMessage) (message.Receipt, error) {
	if m.Status == "failed" || m.Status == "undelivered" || m.Status == "canceled" {
		e := &message.Error{Provider: TwilioName, Failure: message.Unavailable, Code: m.Status}
		if m.ErrorCode != 0 {
			e.Failure, e.Code = twilioFailure(m.ErrorCode, http.StatusCreated), strconv.Itoa(m.ErrorCode)
		}
		return message.Receipt{}, e
	}
	if m.SID == "" {
		return message.Receipt{}, httpclient.NoAnswer(TwilioName, errors.New("no message SID"))
	}
	return message.Receipt{Provider: TwilioName, MessageID: m.SID}, nil
}

// twilioCall is the transport of one call. It binds the call to its context, sends it to the configured host, and keeps
// the response's status and header, which the SDK drops. It also reads the whole body, because the SDK does not close the
// body of an error response and would leak its connection.
type twilioCall struct {
	ctx    context.Context
	base   *url.URL
	next   http.RoundTripper
	status int // 0 if there was no response
	header http.Header
}

func (c *twilioCall) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(c.ctx)
	req.URL.Scheme, req.URL.Host, req.Host = c.base.Scheme, c.base.Host, c.base.Host
	req.URL.Path = c.base.Path + req.URL.Path
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	c.status, c.header = resp.StatusCode, resp.Header
	return resp, nil
}

// classify converts an error of the SDK to a message.Error.
func (c *twilioCall) classify(err error) *message.Error {
	code := 0
	if answer, ok := errors.AsType[*client.TwilioRestError](err); ok {
		code = answer.Code
	}
	if code == 0 && c.status < http.StatusMultipleChoices {
		return httpclient.NoAnswer(TwilioName, err)
	}
	e := &message.Error{
		Provider: TwilioName,
		Failure:  twilioFailure(code, c.status),
		Code:     strconv.Itoa(cmp.Or(code, c.status)),
	}
	if e.Failure == message.Unavailable {
		e.RetryAfter = httpclient.RetryAfter(c.header, time.Now())
	}
	return e
}
