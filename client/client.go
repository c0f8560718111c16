// Package client registers users through the HTTP API of Registrar:
//
//	c, err := client.New("https://register.example.com")
//	registration, err := c.Register(ctx, openapi.RegistrationRequest{…})
//	progress, err := registration.Verify(ctx, code)
//
// An error answer of the service is a [*Problem]. Calls are repeated if the service was unavailable or gave no answer, so that
// a registration happens once even if connections fail (see [WithRetryTimeout]).
//
// Package [registrar/client/openapi] has the types of requests and answers. It also has all other operations.
package client

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"registrar/client/openapi"
)

const (
	defaultRetryTimeout = 30 * time.Second
	attemptTimeout      = 15 * time.Second // the service answers within 3 s unless it is configured to wait longer
)

// Client is a client of one service. It is safe for concurrent use.
type Client struct {
	api          *openapi.Client
	retryTimeout time.Duration
}

// Option changes a default of New.
type Option func(*options)

type options struct {
	http         *http.Client
	retryTimeout time.Duration
}

// WithHTTPClient sets the HTTP client. Its timeout limits each attempt of a call. The default limits an attempt to 15 s, and
// follows no redirects: they could lead passwords and tokens to another host. A redirect is then a *Problem with its status.
func WithHTTPClient(c *http.Client) Option { return func(o *options) { o.http = c } }

// WithRetryTimeout sets for how long a call is repeated, counted from its start. The default is 30 s; 0 disables repetitions.
// The context of a call limits it too. If the service asks the client to wait longer, the call returns its answer at once.
//
// A call is repeated if the service refused it for now, after the wait that the answer gives. Calls other than Resend are also
// repeated if there was no answer or a 5xx. Repetitions of Register have the same Idempotency-Key.
func WithRetryTimeout(d time.Duration) Option { return func(o *options) { o.retryTimeout = d } }

// New returns a client of the service at a base URL, such as https://register.example.com.
func New(baseURL string, opts ...Option) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("registrar: %q is not an http or https URL", baseURL)
	}
	o := options{http: &http.Client{Timeout: attemptTimeout, CheckRedirect: stay}, retryTimeout: defaultRetryTimeout}
	for _, opt := range opts {
		opt(&o)
	}
	api, err := openapi.NewClient(baseURL, openapi.WithHTTPClient(o.http))
	if err != nil {
		return nil, err
	}
	return &Client{api: api, retryTimeout: o.retryTimeout}, nil
}

// stay makes a redirect the answer.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
