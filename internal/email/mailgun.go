// Package email sends the service's emails: one provider a file, each a message.Sender.
package email

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mailgun/mailgun-go/v4"

	"registrar/internal/httpclient"
	"registrar/internal/message"
)

// MailgunName is the provider name of Mailgun in receipts, errors and pauses.
const MailgunName = "mailgun"

// API bases of Mailgun's regions. A domain exists in one region only; the other region answers "Domain not found".
const (
	MailgunUS = mailgun.APIBaseUS
	MailgunEU = mailgun.APIBaseEU
)

// MailgunOptions configures a Mailgun sender.
type MailgunOptions struct {
	Domain  string // the sending domain as configured at Mailgun
	APIKey  string // a sending key of the domain is sufficient
	APIBase string // default MailgunUS; MailgunEU for a domain of the EU region; ends in /v3
	From    string // the sender (RFC 5322), such as "Registrar <hello@example.com>"
	// HTTPClient makes the calls; default httpclient.New. Redirects are never followed.
	HTTPClient *http.Client
}

// Mailgun sends email through Mailgun's HTTP API. It is a message.Sender and a message.BatchSender, and safe for concurrent
// use.
//
// Every message carries the user variables registration_id and kind, which the delivery reports repeat, and the kind as
// its tag. Opens and clicks are not tracked. A Receipt's MessageID has no angle brackets, as in the reports.
type Mailgun struct {
	domain, apiKey, apiBase, from string
	http                          http.Client
}

// Formats that the SDK requires of its arguments, checked at the start rather than at the first message.
var (
	mailgunDomain  = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	mailgunVersion = regexp.MustCompile(`/v[1-5]$`)
)

// NewMailgun returns a sender, or an error that names the wrong option. It does not call Mailgun.
func NewMailgun(o MailgunOptions) (*Mailgun, error) {
	if o.APIBase == "" {
		o.APIBase = MailgunUS
	}
	if o.HTTPClient == nil {
		o.HTTPClient = httpclient.New()
	}
	if !mailgunDomain.MatchString(o.Domain) {
		return nil, fmt.Errorf("mailgun: domain %q is not a domain name", o.Domain)
	}
	if o.APIKey == "" {
		return nil, errors.New("mailgun: the API key is missing")
	}
	base := strings.TrimRight(o.APIBase, "/")
	if u, err := url.Parse(base); err != nil || u.Host == "" || !mailgunVersion.MatchString(u.Path) {
		return nil, fmt.Errorf("mailgun: API base %q is not a URL like %s", o.APIBase, MailgunEU)
	}
	if _, err := mail.ParseAddress(o.From); err != nil {
		return nil, fmt.Errorf("mailgun: sender %q is not an email address: %w", o.From, err)
	}
	m := &Mailgun{domain: o.Domain, apiKey: o.APIKey, apiBase: base, from: o.From, http: *o.HTTPClient}
	m.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return m, nil
}

// Send sends m through Mailgun. It returns within ctx's deadline, and every error is a *message.Error.
func (s *Mailgun) Send(ctx context.Context, m message.Message) (message.Receipt, error) {
	out, err := s.compose(m)
	if err != nil {
		return message.Receipt{}, invalid(MailgunName)
	}
	receipt, refusal, _ := s.post(ctx, out)
	if refusal != nil {
		return message.Receipt{}, refusal
	}
	return receipt, nil
}

// post calls Mailgun. body is the body of the response if Mailgun refused the call.
func (s *Mailgun) post(ctx context.Context, out *mailgun.Message) (receipt message.Receipt, refusal *message.Error, body []byte) {
	answer := &recordingTransport{next: s.http.Transport}
	client := httpclient.For(ctx, s.http)
	client.Transport = answer
	mg := mailgun.NewMailgun(s.domain, s.apiKey)
	mg.SetAPIBase(s.apiBase)
	mg.SetClient(client)

	_, id, err := mg.Send(ctx, out)
	if refused, ok := errors.AsType[*mailgun.UnexpectedResponseError](err); ok {
		return message.Receipt{}, classifyMailgunError(err, answer.header, time.Now()), refused.Data
	}
	id = strings.Trim(id, "<>")
	switch {
	case err != nil:
		refusal = classifyMailgunError(err, answer.header, time.Now())
	case id == "":
		refusal = httpclient.NoAnswer(MailgunName, errors.New("no message id"))
	default:
		return message.Receipt{Provider: MailgunName, MessageID: id}, nil, nil
	}
	refusal.Unknown = answer.written.Load()
	return message.Receipt{}, refusal, nil
}

func (s *Mailgun) compose(m message.Message) (*mailgun.Message, error) {
	out := mailgun.NewMessage(s.from, m.Subject, m.Text, m.To)
	if m.HTML != "" {
		out.SetHTML(m.HTML)
	}
	out.SetTracking(false)
	out.AddHeader("Auto-Submitted", "auto-generated") // RFC 3834: prevents out-of-office replies
	return out, errors.Join(
		out.AddTag(string(m.Kind)),
		out.AddVariable("registration_id", m.RegistrationID),
		out.AddVariable("kind", string(m.Kind)),
	)
}

// classifyMailgunError converts an error of the SDK to a message.Error.
func classifyMailgunError(err error, header http.Header, now time.Time) *message.Error {
	if errors.Is(err, mailgun.ErrInvalidMessage) {
		return invalid(MailgunName)
	}
	var answer *mailgun.UnexpectedResponseError
	if !errors.As(err, &answer) {
		return httpclient.NoAnswer(MailgunName, err)
	}
	e := &message.Error{
		Provider: MailgunName,
		Failure:  mailgunFailure(answer.Actual, answer.Data),
		Code:     strconv.Itoa(answer.Actual),
	}
	if at, ok := tryAgainAfter(answer.Data); ok {
		e.Failure, e.RetryAfter = message.Unavailable, httpclient.Until(at, now)
	} else if e.Failure == message.Unavailable {
		e.RetryAfter = httpclient.RetryAfter(header, now)
	}
	return e
}

// invalid returns the error for a message that cannot be composed, such as one without a text.
func invalid(provider string) *message.Error {
	return &message.Error{Provider: provider, Failure: message.Rejected, Code: "invalid_message"}
}

// mailgunFailure classifies the status of POST /{domain}/messages
// (https://documentation.mailgun.com/docs/mailgun/quickstart-guide/responses). A 404 is never about the destination: the
// sending domain does not exist in this region. A redirect means that the API base is wrong.
func mailgunFailure(status int, body []byte) message.Failure {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound,
		http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return message.Misconfigured
	case http.StatusBadRequest:
		if isSenderProblem(body) {
			return message.Misconfigured
		}
		return message.Rejected
	case http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return message.Rejected
	default:
		return message.Unavailable
	}
}

// senderProblems are lower-case parts of the bodies of 400 responses that are caused by our account or sender, such as
// {"message": "'from' parameter is not a valid address. please check documentation"}.
var senderProblems = [][]byte{
	[]byte("'from' parameter"),
	[]byte("from parameter"),
	[]byte("is not allowed to send"),
	[]byte("domain is unverified"),
	[]byte("sandbox subdomains are for test purposes"),
	[]byte("free accounts are for test purposes"),
}

func isSenderProblem(body []byte) bool {
	body = bytes.ToLower(body)
	for _, problem := range senderProblems {
		if bytes.Contains(body, problem) {
			return true
		}
	}
	return false
}

// limitReset matches the time in Mailgun's response to a sender over its limit. The response has the unregistered status
// 420 and no Retry-After: "… recipient limit exceeded, try again after Mon, 25 Aug 2025 07:00:31 UTC".
var limitReset = regexp.MustCompile(`try again after (\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} (?:UTC|GMT))`)

func tryAgainAfter(body []byte) (time.Time, bool) {
	found := limitReset.FindSubmatch(body)
	if found == nil {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC1123, string(found[1]))
	return at, err == nil
}

// recordingTransport is the transport of one call. It keeps the header of the response, which the SDK drops, and records
// whether the whole request was written.
type recordingTransport struct {
	next    http.RoundTripper // nil is http.DefaultTransport
	header  http.Header
	written atomic.Bool
}

func (a *recordingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	next := a.next
	if next == nil {
		next = http.DefaultTransport
	}
	trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { a.written.Store(info.Err == nil) }}
	resp, err := next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		a.header = resp.Header
	}
	return resp, err
}
