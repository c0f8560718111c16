package sms

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"text/template"
	"time"

	"registrar/internal/httpclient"
	"registrar/internal/message"
	"registrar/internal/webhook"
)

// WebhookName is the provider name of the gateway in receipts, errors and pauses.
const WebhookName = "webhook"

// webhookBody is the default template of the request body.
const webhookBody = `{"id":{{json .ID}},"to":{{json .To}},"text":{{json .Text}},"kind":{{json .Kind}}}`

// WebhookOptions configures a Webhook.
type WebhookOptions struct {
	URL    string // URL of the gateway, http or https
	Secret string // "whsec_" followed by at least 24 bytes in base64 (Standard Webhooks)
	// Body is a text/template for the JSON request body, with .ID, .To, .Text, .Kind and a function json.
	// Default: an object with id, to, text and kind.
	Body string
	// HTTPClient makes the calls; default httpclient.New. Redirects are never followed.
	HTTPClient *http.Client
}

// Webhook sends SMS through any gateway, by HTTP requests signed according to the Standard Webhooks specification. It is a
// message.Sender and safe for concurrent use.
//
// A request's id consists of the message's registration, kind and sequence. A retry has the same id, so the gateway can
// detect duplicates. A message without a registration has a random id.
type Webhook struct {
	url    string
	signer webhook.Signer
	body   *template.Template
	http   http.Client
}

const (
	maxWebhookAnswer = 64 << 10 // bytes
	maxMessageID     = 255      // width of the ledger's column
)

// NewWebhook returns a sender, or an error that names the wrong option. It does not call the gateway.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("webhook: the URL must start with http:// or https:// and must not contain a user")
	}
	signer, err := webhook.NewSigner(o.Secret)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	body, err := template.New("body").Option("missingkey=error").Funcs(template.FuncMap{"json": toJSON}).
		Parse(cmp.Or(o.Body, webhookBody))
	if err != nil {
		return nil, fmt.Errorf("webhook: the body: %w", err)
	}
	if o.HTTPClient == nil {
		o.HTTPClient = httpclient.New()
	}
	w := &Webhook{url: o.URL, signer: signer, body: body, http: *o.HTTPClient}
	w.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	_, err = w.compose("id", message.Message{To: "+15550100000", Text: "\"Line\"\n\\ {two}", Kind: message.KindOTP})
	return w, err
}

func toJSON(v any) (string, error) {
	out, err := json.Marshal(v)
	return string(out), err
}

// compose returns the body of a request. Its error contains nothing of m.
func (w *Webhook) compose(id string, m message.Message) ([]byte, error) {
	var body bytes.Buffer
	err := w.body.Execute(&body, struct{ ID, To, Text, Kind string }{id, m.To, m.Text, string(m.Kind)})
	if err != nil {
		return nil, fmt.Errorf("webhook: the body: %w", err)
	}
	if !json.Valid(body.Bytes()) {
		return nil, errors.New("webhook: the body is not JSON: write values as {{json .Text}}, without quotes around them")
	}
	return body.Bytes(), nil
}

// Send sends m through the gateway. It returns within ctx's deadline, and every error is a *message.Error.
func (w *Webhook) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	id := requestID(m)
	req, err := w.request(ctx, id, m)
	if err != nil {
		return message.Receipt{}, webhookError(message.Misconfigured, "body")
	}
	resp, err := httpclient.For(ctx, w.http).Do(req)
	if err != nil {
		return message.Receipt{}, httpclient.NoAnswer(WebhookName, err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer := readAnswer(resp.Body)
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return message.Receipt{Provider: WebhookName, MessageID: cmp.Or(answer.ID, id)}, nil
	}
	e := webhookError(webhookFailure(resp.StatusCode), cmp.Or(answer.Code, strconv.Itoa(resp.StatusCode)))
	if e.Failure == message.Unavailable {
		e.RetryAfter = httpclient.RetryAfter(resp.Header, time.Now())
	}
	return message.Receipt{}, e
}

// requestID returns an id without a full stop, because full stops separate the parts of the signed text.
func requestID(m message.Message) string {
	if m.RegistrationID == "" {
		return "msg_" + rand.Text()
	}
	return fmt.Sprintf("msg_%s_%s_%d", m.RegistrationID, m.Kind, max(m.Sequence, 1))
}

func (w *Webhook) request(ctx context.Context, id string, m message.Message) (*http.Request, error) {
	body, err := w.compose(id, m)
	if err != nil {
		return nil, err
	}
	return w.signer.Request(ctx, w.url, id, time.Now(), body)
}

func webhookError(failure message.Failure, code string) *message.Error {
	return &message.Error{Provider: WebhookName, Failure: failure, Code: code}
}

// webhookAnswer is the optional body of a response, after a success or an error.
type webhookAnswer struct{ ID, Code string }

var (
	plainCode   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)
	phoneDigits = regexp.MustCompile(`\d{7}`)
)

// readAnswer reads the response body. Invalid parts are ignored, because only the status decides whether the message was
// accepted. A code that might contain a phone number is dropped.
func readAnswer(body io.Reader) webhookAnswer {
	var a webhookAnswer
	raw, err := io.ReadAll(io.LimitReader(body, maxWebhookAnswer))
	if err != nil || json.Unmarshal(raw, &a) != nil {
		return webhookAnswer{}
	}
	if len(a.ID) > maxMessageID {
		a.ID = ""
	}
	if !plainCode.MatchString(a.Code) || phoneDigits.MatchString(a.Code) {
		a.Code = ""
	}
	return a
}

// webhookFailure classifies a status. Only 422 is about the message; 408, 425 and 429 are temporary; any other 4xx means
// that the configuration does not match the gateway.
func webhookFailure(status int) message.Failure {
	switch {
	case status == http.StatusUnprocessableEntity:
		return message.Rejected
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return message.Unavailable
	case status >= 300 && status < 500:
		return message.Misconfigured
	default:
		return message.Unavailable
	}
}
