// Package transport is what the adapters of providers share to call them: an HTTP client, Retry-After, and the errors of
// the network.
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"registrar/internal/message"
)

const (
	// maxRetryAfter is the longest wait that is believed: the longest budget of a message.
	maxRetryAfter = 24 * time.Hour
	// clientTimeout bounds a call whose context has no deadline.
	clientTimeout = 15 * time.Second
	// clientConnections bounds the connections to one provider; calls above it wait for one, within their context.
	clientConnections = 32
)

// NewHTTPClient returns a client to call one provider with, by ClientFor: a timeout, a bounded pool of connections of its own,
// and redirects handed back as answers, so that neither credentials nor messages follow them elsewhere.
func NewHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = clientConnections
	transport.MaxIdleConnsPerHost = clientConnections
	return &http.Client{
		Transport:     transport,
		Timeout:       clientTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ClientFor is c for a call in ctx: a deadline of ctx goes before the timeout of c, which may be the shorter of the two.
func ClientFor(ctx context.Context, c http.Client) *http.Client {
	if _, limited := ctx.Deadline(); limited {
		c.Timeout = 0
	}
	return &c
}

// RetryAfter reads the Retry-After header (RFC 9110, section 10.2.3) as seconds or as a date. It is 0 when the header
// is absent, unreadable or in the past, and never more than a day.
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

// Until is the wait from now to a moment that a provider named, with the bounds of RetryAfter.
func Until(at, now time.Time) time.Duration { return clampWait(at.Sub(now)) }

func clampWait(d time.Duration) time.Duration { return min(max(d, 0), maxRetryAfter) }

// NoAnswer is the error for a provider that could not be reached or answered nonsense: it is message.Unavailable, and
// Unknown only if the caller says so. The code is timeout, canceled, dns, tls, network or unreadable. The text of err is
// dropped, since it may hold an address, an account or a piece of the answer.
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
