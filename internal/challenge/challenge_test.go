package challenge

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/altcha-org/altcha-lib-go"
	"github.com/stretchr/testify/require"
)

var client = netip.MustParseAddr("192.0.2.1")

// solve solves a proof of work as a client does.
func solve(t *testing.T, w *Work, change func(*altcha.Payload)) string {
	t.Helper()
	solution, err := altcha.SolveChallenge(w.Challenge, w.Salt, altcha.SHA256, int(w.MaxNumber), 0, nil)
	require.NoError(t, err)
	require.NotNil(t, solution)
	p := altcha.Payload{Algorithm: w.Algorithm, Challenge: w.Challenge, Number: int64(solution.Number), Salt: w.Salt, Signature: w.Signature}
	if change != nil {
		change(&p)
	}
	text, err := json.Marshal(p)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(text)
}

func TestALTCHA(t *testing.T) {
	t.Parallel()
	replica, other := NewALTCHA("a secret", 1000), NewALTCHA("a secret", 1000)
	c, err := replica.New()
	require.NoError(t, err)
	require.Equal(t, KindALTCHA, c.Kind)
	again, err := replica.New()
	require.NoError(t, err)
	require.NotEqual(t, c.ALTCHA.Challenge, again.ALTCHA.Challenge)

	id, err := other.Check(t.Context(), solve(t, c.ALTCHA, nil), client)
	require.NoError(t, err)
	require.Equal(t, c.ALTCHA.Challenge, id)
	_, err = NewALTCHA("another secret", 1000).Check(t.Context(), solve(t, c.ALTCHA, nil), client)
	require.ErrorIs(t, err, ErrWrong)
}

func TestWrongWork(t *testing.T) {
	t.Parallel()
	a := NewALTCHA("a secret", 1000)
	c, err := a.New()
	require.NoError(t, err)
	for name, change := range map[string]func(*altcha.Payload){
		"another number":    func(p *altcha.Payload) { p.Number++ },
		"another challenge": func(p *altcha.Payload) { p.Challenge = strings.Repeat("0", 64) },
		"another signature": func(p *altcha.Payload) { p.Signature = strings.Repeat("0", 64) },
		"another algorithm": func(p *altcha.Payload) { p.Algorithm = "SHA-1" },
		"a later expiry":    func(p *altcha.Payload) { p.Salt = strings.Replace(p.Salt, "expires=1", "expires=2", 1) },
		"no expiry":         func(p *altcha.Payload) { p.Salt, _, _ = strings.Cut(p.Salt, "?") },
		"a digit of the number in the expiry": func(p *altcha.Payload) {
			p.Salt, p.Number = strings.TrimSuffix(p.Salt, "&")+"1", p.Number%100
		},
	} {
		_, err := a.Check(t.Context(), solve(t, c.ALTCHA, change), client)
		require.ErrorIs(t, err, ErrWrong, name)
	}
	for _, text := range []string{"", "no base64", base64.StdEncoding.EncodeToString([]byte("no JSON")), "e30="} {
		_, err := a.Check(t.Context(), text, client)
		require.ErrorIs(t, err, ErrWrong, text)
	}
	past := time.Now().Add(-time.Second)
	old, err := altcha.CreateChallenge(altcha.ChallengeOptions{HMACKey: "a secret", MaxNumber: 1000, Expires: &past})
	require.NoError(t, err)
	_, err = a.Check(t.Context(), solve(t, &Work{old.Algorithm, old.Challenge, old.MaxNumber, old.Salt, old.Signature}, nil), client)
	require.ErrorIs(t, err, ErrWrong, "expired")
}

// TestWidgets has answers as the documentation of Turnstile and hCaptcha shows them.
func TestWidgets(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		answer string
		want   error
	}{
		"right":               {200, `{"success": true, "challenge_ts": "2026-01-31T12:00:00Z", "hostname": "example.com", "error-codes": []}`, nil},
		"wrong":               {200, `{"success": false, "error-codes": ["invalid-input-response"]}`, ErrWrong},
		"used":                {200, `{"success": false, "error-codes": ["timeout-or-duplicate"]}`, ErrWrong},
		"used (hCaptcha)":     {200, `{"success": false, "error-codes": ["already-seen-response"]}`, ErrWrong},
		"refused with 400":    {400, `{"success": false, "error-codes": ["invalid-input-response"]}`, ErrWrong},
		"our secret is wrong": {200, `{"success": false, "error-codes": ["invalid-input-secret"]}`, ErrUnavailable},
		"the service fails":   {200, `{"success": false, "error-codes": ["internal-error"]}`, ErrUnavailable},
		"500":                 {500, `{"success": true}`, ErrUnavailable},
		"no JSON":             {200, `<html>`, ErrUnavailable},
		"a redirect":          {302, ``, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("secret") != "a-secret" || r.FormValue("response") != "a-token" || r.FormValue("remoteip") != "192.0.2.1" ||
					r.FormValue("sitekey") != "a-site" || r.Method != "POST" {
					tt.answer = "bad request"
				}
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.answer))
			}))
			t.Cleanup(service.Close)
			widget := NewWidget(WidgetOptions{KindHCaptcha, "a-site", "a-secret", service.URL})
			c, err := widget.New()
			require.NoError(t, err)
			require.Equal(t, Challenge{Kind: KindHCaptcha, SiteKey: "a-site"}, c)
			id, err := widget.Check(t.Context(), "a-token", client)
			require.ErrorIs(t, err, tt.want)
			require.Equal(t, tt.want == nil, id != "")
			require.NotContains(t, id, "a-token")
			if err != nil {
				require.NotContains(t, err.Error(), "a-token")
				require.NotContains(t, err.Error(), "a-secret")
			}
		})
	}
}

func TestUnreachableService(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(nil)
	service.Close()
	_, err := NewWidget(WidgetOptions{KindTurnstile, "a-site", "a-secret", service.URL}).Check(t.Context(), "a-token", netip.Addr{})
	require.ErrorIs(t, err, ErrUnavailable)
	require.NotContains(t, err.Error(), "a-token")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = NewWidget(WidgetOptions{KindTurnstile, "a-site", "a-secret", ":"}).Check(ctx, "a-token", client)
	require.ErrorIs(t, err, ErrUnavailable)
}
