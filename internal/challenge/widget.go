package challenge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"registrar/internal/span"
)

// The services' addresses:
// developers.cloudflare.com/turnstile/get-started/server-side-validation and docs.hcaptcha.com/#verify-the-user-response-server-side.
const (
	TurnstileURL = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
	HCaptchaURL  = "https://api.hcaptcha.com/siteverify"
)

const (
	widgetTimeout = 2 * time.Second // of one check
	maxAnswer     = 16 << 10        // bytes
)

// ours are the error codes of both services that are about our settings or their failures, not about the solution.
var ours = []string{
	"missing-input-secret", "invalid-input-secret", "bad-request", "internal-error", // Turnstile and hCaptcha
	"sitekey-secret-mismatch", "not-using-dummy-secret", // hCaptcha
}

// WidgetOptions are the settings of a Widget. All are required.
type WidgetOptions struct {
	Kind    Kind   // KindTurnstile or KindHCaptcha
	SiteKey string // public
	Secret  string
	URL     string // of the service
}

// Widget is a challenge that a page shows with a script of Turnstile or hCaptcha. The service accepts each solution once.
type Widget struct {
	WidgetOptions
	client *http.Client
}

// NewWidget returns a Widget.
func NewWidget(o WidgetOptions) *Widget {
	return &Widget{o, &http.Client{
		Transport:     span.Transport(http.DefaultTransport),
		Timeout:       widgetTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// New returns the challenge.
func (w *Widget) New() (Challenge, error) { return Challenge{Kind: w.Kind, SiteKey: w.SiteKey}, nil }

// Check asks the service about the token that the widget gave to the page. Errors contain neither the token nor the secret.
func (w *Widget) Check(ctx context.Context, token string, client netip.Addr) (id string, err error) {
	form := url.Values{"secret": {w.Secret}, "response": {token}}
	if client.IsValid() {
		form.Set("remoteip", client.String())
	}
	if w.Kind == KindHCaptcha {
		form.Set("sitekey", w.SiteKey)
	}
	answer, err := w.ask(ctx, form)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrUnavailable, w.Kind, err)
	}
	for _, code := range answer.Codes {
		if slices.Contains(ours, code) {
			return "", fmt.Errorf("%w: %s answers %s", ErrUnavailable, w.Kind, code)
		}
	}
	if !answer.Success {
		return "", ErrWrong
	}
	hash := sha256.Sum256([]byte(token))
	return hex.EncodeToString(hash[:]), nil
}

// widgetAnswer is the part of both services' answers that is used.
type widgetAnswer struct {
	Success bool     `json:"success"`
	Codes   []string `json:"error-codes"`
}

func (w *Widget) ask(ctx context.Context, form url.Values) (answer widgetAnswer, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return answer, errors.New("the URL is not valid")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := w.client.Do(r)
	if err != nil {
		return answer, errors.New("no answer")
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusInternalServerError {
		return answer, fmt.Errorf("answers %d", response.StatusCode)
	}
	if json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer) != nil {
		return answer, fmt.Errorf("answers %d without a verdict", response.StatusCode)
	}
	return answer, nil
}
