package webhook

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"registrar/internal/httpclient"
	"registrar/internal/message"
)

const (
	// DefaultTimeout is how long a request may take.
	DefaultTimeout = 15 * time.Second
	// maxAnswer is how much of a response's body is read, in bytes, so that its connection can be used again.
	maxAnswer = 4 << 10
)

// Options configure a Client.
type Options struct {
	Name    string        // of the receiver, in errors
	URL     string        // http or https
	Secrets []string      // see NewSigner
	Timeout time.Duration // of one request; default DefaultTimeout
	// AllowPrivate allows addresses of this machine and of private networks, and uses the proxy of the environment. Otherwise
	// the client connects only to public addresses, and uses no proxy.
	AllowPrivate bool
}

// Client posts signed requests to one receiver. It follows no redirects, and it is safe for concurrent use.
type Client struct {
	name    string
	url     string
	signer  Signer
	timeout time.Duration
	http    http.Client
}

// New returns a client, or an error that names the wrong option. It does not call the receiver.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("webhook: the URL must start with http:// or https://")
	}
	signer, err := NewSigner(o.Secrets...)
	if err != nil {
		return nil, err
	}
	client := httpclient.NewPublic()
	if o.AllowPrivate {
		client = httpclient.New()
	}
	return &Client{name: o.Name, url: o.URL, signer: signer, timeout: cmp.Or(o.Timeout, DefaultTimeout), http: *client}, nil
}

// Post sends a JSON body under an id, which is the same for each attempt and has no full stop. Any 2xx is a success; the body
// of the response is ignored. The error is a *message.Error with the HTTP status as its code, or a code of httpclient.NoAnswer.
// It is message.Rejected for 410, with which the receiver refuses the message for good, and otherwise message.Unavailable, with
// the Retry-After of 429 and 503.
func (c *Client) Post(ctx context.Context, id string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.signer.Request(ctx, c.url, id, time.Now(), body)
	if err != nil {
		return c.refusal("request")
	}
	resp, err := httpclient.For(ctx, c.http).Do(req)
	if err != nil {
		return httpclient.NoAnswer(c.name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	refusal := c.refusal(strconv.Itoa(resp.StatusCode))
	switch resp.StatusCode {
	case http.StatusGone:
		refusal.Failure = message.Rejected
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		refusal.RetryAfter = httpclient.RetryAfter(resp.Header, time.Now())
	}
	return refusal
}

func (c *Client) refusal(code string) *message.Error {
	return &message.Error{Provider: c.name, Failure: message.Unavailable, Code: code}
}
