// Package httpclient has the parts that the provider adapters share: an HTTP client, the Retry-After header, and the codes of
// network errors.
package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"code.dny.dev/ssrf"

	"registrar/internal/message"
	"registrar/internal/span"
)

const (
	// maxRetryAfter is the longest accepted wait. It equals the longest retry budget of a message.
	maxRetryAfter = 24 * time.Hour
	// clientTimeout limits a call whose context has no deadline.
	clientTimeout = 15 * time.Second
	// clientConnections limits the connections to one provider. Further calls wait for a free one until their context ends.
	clientConnections = 32
	// maxHeader limits the header of a response, in bytes.
	maxHeader = 64 << 10
)

// New returns a client for one provider, to be used through For. It has a timeout and its own bounded
// connection pool. It returns redirects as responses, so that neither credentials nor messages reach another host.
func New() *http.Client { return newClient(newTransport()) }

func newTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = clientConnections
	transport.MaxIdleConnsPerHost = clientConnections
	transport.MaxResponseHeaderBytes = maxHeader
	return transport
}

func newClient(transport *http.Transport) *http.Client {
	return &http.Client{
		Transport:     span.Transport(transport),
		Timeout:       clientTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NewPublic returns a client like New that connects only to public addresses. It refuses addresses of this machine and of
// private, link-local and other special networks (the IANA special-purpose registries), when it connects: a host name that
// resolves to such an address is refused too. It uses no proxy, because a proxy would connect for it.
func NewPublic() *http.Client { return newPublic(net.DefaultResolver) }

func newPublic(resolver *net.Resolver) *http.Client {
	return newClient(publicTransport(resolver))
}

func publicTransport(resolver *net.Resolver) *http.Transport {
	transport := newTransport()
	transport.Proxy = nil
	dialer := &net.Dialer{Timeout: clientTimeout, Control: ssrf.New(ssrf.WithAnyPort()).Safe, Resolver: resolver}
	transport.DialContext = dialer.DialContext
	return transport
}

// For returns a copy of c for a call in ctx. A deadline of ctx overrides the timeout of c, even if the timeout is
// shorter.
func For(ctx context.Context, c http.Client) *http.Client {
	if _, limited := ctx.Deadline(); limited {
		c.Timeout = 0
	}
	return &c
}

// RetryAfter returns the wait in the Retry-After header (RFC 9110, section 10.2.3), given in seconds or as a date. It is 0
// if the header is absent, invalid or in the past, and at most 24 hours.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return clampWait(time.Duration(seconds) * time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return Until(at, now)
	}
	return 0
}

// Until returns the wait from now to a time that a provider named, with the bounds of RetryAfter.
func Until(at, now time.Time) time.Duration { return clampWait(at.Sub(now)) }

func clampWait(d time.Duration) time.Duration { return min(max(d, 0), maxRetryAfter) }

// NoAnswer returns the error for a provider that could not be reached or sent an unreadable response. Its Failure is
// message.Unavailable; the caller sets Unknown. Its code is private_address (refused by NewPublic), timeout, canceled, dns,
// tls, network or unreadable. The text of err is dropped, because it may hold an address, an account or a part of the response.
func NoAnswer(provider string, err error) *message.Error {
	return &message.Error{Provider: provider, Failure: message.Unavailable, Code: noAnswerCode(err)}
}

func noAnswerCode(err error) string {
	var (
		netErr  net.Error
		dnsErr  *net.DNSError
		certErr *tls.CertificateVerificationError
		tlsErr  tls.RecordHeaderError
		urlErr  *url.Error
	)
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP):
		return "private_address"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "timeout"
	case errors.As(err, &dnsErr):
		return "dns"
	case errors.As(err, &certErr), errors.As(err, &tlsErr):
		return "tls"
	case errors.As(err, &urlErr), errors.As(err, &netErr):
		return "network"
	default:
		return "unreadable"
	}
}
