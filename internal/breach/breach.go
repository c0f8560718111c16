// Package breach checks whether a password is known from a breach, using the range API of Pwned Passwords
// (https://haveibeenpwned.com/API/v3#PwnedPasswords). The password does not leave the process.
package breach

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the API's lookup key, not a protection
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"registrar/internal/span"
)

const (
	// DefaultURL is the public service.
	DefaultURL = "https://api.pwnedpasswords.com"
	// DefaultTimeout keeps the check short compared with the whole registration request.
	DefaultTimeout = 800 * time.Millisecond

	prefixLength = 5 // hexadecimal digits of the hash that are sent to the service
	// maxAnswer limits the memory of one check. A response has about 1,000 lines of 40 bytes, padding included.
	maxAnswer = 1 << 20
)

// Options configure a Checker. The zero value uses the public service.
type Options struct {
	URL     string        // URL of the service or of a mirror, without /range; default DefaultURL
	Timeout time.Duration // of one check; default DefaultTimeout
	// HTTPClient makes the calls. If nil, the Checker creates its own, which does not follow redirects: another host must not
	// get a part of the hash.
	HTTPClient *http.Client
}

// Checker queries one service. It is safe for concurrent use.
type Checker struct {
	url     string
	timeout time.Duration
	client  *http.Client
}

// New returns a Checker with the defaults of Options applied.
func New(o Options) *Checker {
	c := &Checker{url: strings.TrimRight(o.URL, "/"), timeout: o.Timeout, client: o.HTTPClient}
	if c.url == "" {
		c.url = DefaultURL
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.client == nil {
		c.client = &http.Client{Transport: span.Transport(http.DefaultTransport), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return c
}

// Found reports whether the password is in a breach. It sends only the first 20 bits of the password's SHA-1 hash, which
// about a thousand known passwords share. The response is padded, so its size reveals nothing to an eavesdropper. On an
// error the result is unknown; callers then accept the password, so that an outage of the service does not stop
// registrations. Errors hold no part of the hash.
func (c *Checker) Found(ctx context.Context, password string) (bool, error) {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	hash := strings.ToUpper(hex.EncodeToString(sum[:]))
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := c.lookUp(ctx, hash[:prefixLength])
	if err != nil {
		return false, fmt.Errorf("look up breached passwords: %w", err)
	}
	found, err := contains(answer, hash[prefixLength:])
	if err != nil {
		return false, fmt.Errorf("read breached passwords: %w", err)
	}
	return found, nil
}

func (c *Checker) lookUp(ctx context.Context, prefix string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/range/"+prefix, nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Add-Padding", "true")
	req.Header.Set("User-Agent", "registrar")
	res, err := c.client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("unexpected status %d", res.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("response is longer than %d bytes", maxAnswer)
	}
	return answer, nil
}

// withoutURL removes the URL from an error, because the URL contains the prefix of the hash.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// contains searches lines of the form SUFFIX:COUNT for a suffix. Padding lines have the count 0.
func contains(answer []byte, suffix string) (bool, error) {
	lines := bufio.NewScanner(bytes.NewReader(answer))
	for lines.Scan() {
		candidate, count, ok := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		if !ok {
			return false, errors.New("a line is not SUFFIX:COUNT")
		}
		if !strings.EqualFold(candidate, suffix) {
			continue
		}
		n, err := strconv.ParseUint(count, 10, 64)
		if err != nil {
			return false, errors.New("a count is not a number")
		}
		return n > 0, nil
	}
	return false, lines.Err()
}
