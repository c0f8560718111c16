package sms_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/sms"
)

func TestTwilioTimeout(t *testing.T) {
	t.Parallel()
	for name, partial := range map[string]string{"before the answer": "", "within the answer": `{"sid":"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{})
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if partial != "" {
					_, _ = io.WriteString(w, partial)
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
				close(gone)
			})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			e := fail(t, ctx, sender(t, options(base)))
			require.Equal(t, message.Error{Provider: "twilio", Failure: message.Unavailable, Code: "timeout"}, *e)
			await(t, gone)
		})
	}
}

func TestTwilioTimeoutWithoutDeadline(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	o := options(serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		close(gone)
	}))
	o.HTTPClient = &http.Client{Timeout: 50 * time.Millisecond}
	require.Equal(t, "timeout", fail(t, context.Background(), sender(t, o)).Code)
	await(t, gone)
}

func TestTwilioDeadlineOverridesClientTimeout(t *testing.T) {
	t.Parallel()
	o := options(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, queued)
	}))
	o.HTTPClient = &http.Client{Timeout: time.Nanosecond}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := sender(t, o).Send(ctx, otp)
	require.NoError(t, err)
}

func TestTwilioCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	require.Equal(t, "canceled", fail(t, ctx, sender(t, options(base))).Code)
}

func TestTwilioUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	e := fail(t, t.Context(), sender(t, options(server.URL)))
	require.Equal(t, message.Error{Provider: "twilio", Failure: message.Unavailable, Code: "network"}, *e)
}

// TestTwilioErrorsReleaseConnections sends more failing messages than there are connections.
func TestTwilioErrorsReleaseConnections(t *testing.T) {
	t.Parallel()
	addresses := map[string]bool{}
	o := options(serve(t, func(w http.ResponseWriter, r *http.Request) {
		addresses[r.RemoteAddr] = true
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"code":21211,"status":400}`)
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, strings.Repeat(" ", 4096))
	}))
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = 1
	t.Cleanup(transport.CloseIdleConnections)
	o.HTTPClient = &http.Client{Transport: transport}
	s := sender(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 5 {
		require.Equal(t, "21211", fail(t, ctx, s).Code)
	}
	require.Len(t, addresses, 1)
}

func TestTwilioOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*sms.TwilioOptions)
		reason string
	}{
		"no account":     {func(o *sms.TwilioOptions) { o.AccountSID = "" }, "account SID"},
		"odd account":    {func(o *sms.TwilioOptions) { o.AccountSID = "AC/../x" }, "account SID"},
		"no token":       {func(o *sms.TwilioOptions) { o.AuthToken = "" }, "auth token"},
		"odd token":      {func(o *sms.TwilioOptions) { o.AuthToken = "s3cret\n" }, "letters and digits"},
		"half a key":     {func(o *sms.TwilioOptions) { o.AuthToken, o.APIKeySID = "", "SK1" }, "API key"},
		"token and key":  {func(o *sms.TwilioOptions) { o.APIKeySID, o.APIKeySecret = "SK1", "s3cret" }, "not both"},
		"no sender":      {func(o *sms.TwilioOptions) { o.From = "" }, "exactly one"},
		"two senders":    {func(o *sms.TwilioOptions) { o.MessagingServiceSID = "MG1" }, "exactly one"},
		"bad base":       {func(o *sms.TwilioOptions) { o.BaseURL = "api.twilio.com" }, `base URL "api.twilio.com"`},
		"malformed base": {func(o *sms.TwilioOptions) { o.BaseURL = "https://%zz" }, "base URL"},
	} {
		o := options("")
		c.change(&o)
		_, err := sms.NewTwilio(o)
		require.ErrorContains(t, err, c.reason, name)
		require.NotContains(t, err.Error(), token)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// TestTwilioDefaultHost checks that the SDK's environment variables do not change the host.
func TestTwilioDefaultHost(t *testing.T) {
	t.Setenv("TWILIO_EDGE", "dublin")
	t.Setenv("TWILIO_REGION", "ie1")
	var called string
	o := options("")
	o.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		called = r.URL.Scheme + "://" + r.URL.Host + " " + r.Host
		return &http.Response{StatusCode: http.StatusCreated, Body: io.NopCloser(strings.NewReader(queued))}, nil
	})}
	_, err := sender(t, o).Send(t.Context(), otp)
	require.NoError(t, err)
	require.Equal(t, "https://api.twilio.com api.twilio.com", called)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection stayed open after the call")
	}
}
