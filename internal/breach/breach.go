// Package breach asks whether a password is known from a breach, by the range API of Pwned Passwords
// (https://haveibeenpwned.com/API/v3#PwnedPasswords), without telling anybody the password.
package breach

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the API's index, not a protection
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultURL is the public service.
	DefaultURL = "https://api.pwnedpasswords.com"
	// DefaultTimeout keeps the check a small part of the time that a person waits for an answer.
	DefaultTimeout = 800 * time.Millisecond

	prefixLength = 5 // hexadecimal digits of the hash that leave this process
	// maxAnswer bounds the memory of one check. An answer is about 1,000 lines of 40 bytes, padding included.
	maxAnswer = 1 << 20
)

// Options configure a Checker. The zero value asks the public service.
type Options struct {
	URL     string        // of the service or of a mirror, without /range; DefaultURL when empty
	Timeout time.Duration // for one check; DefaultTimeout when 0
	// HTTPClient makes the calls; one of its own when nil.
	HTTPClient *http.Client
}

// Checker asks one service. It is safe for concurrent use.
type Checker struct {
	url     string
	timeout time.Duration
	client  *http.Client
}

// New returns a Checker.
func New(o Options) *Checker {
	c := &Checker{url: strings.TrimRight(o.URL, "/"), timeout: o.Timeout, client: o.HTTPClient}
	if c.url == "" {
		c.url = DefaultURL
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.client == nil {
		c.client = &http.Client{}
	}
	return c
}

// Found tells whether the password is in a breach. What leaves is the first 20 bits of its SHA-1, which about a
// thousand known passwords share; the answer is padded so that its size tells an eavesdropper nothing. An error means
// that the service could not tell: callers accept the password then, since an outage there must not stop
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
		return nil, fmt.Errorf("answer is longer than %d bytes", maxAnswer)
	}
	return answer, nil
}

// withoutURL keeps the prefix of the hash, which is in the URL, out of logs.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// contains looks for a suffix among lines of SUFFIX:COUNT. Padding lines have the count 0.
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
