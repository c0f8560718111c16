package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/sms"
)

// Example from the specification's libraries: https://www.standardwebhooks.com.
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleTime      = 1614265330
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func example() http.Header {
	return http.Header{
		headerID: {exampleID}, headerTimestamp: {strconv.Itoa(exampleTime)}, headerSignature: {exampleSignature},
	}
}

func exampleKey(t *testing.T) []byte {
	key, err := parseSecret(exampleSecret)
	require.NoError(t, err)
	return key
}

func TestParseSecret(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		"", "whsec_", exampleSecret[1:], strings.TrimPrefix(exampleSecret, "whsec_"), "whsec_not base64",
		"whsec_" + base64.StdEncoding.EncodeToString(make([]byte, minKey-1)),
	} {
		_, err := parseSecret(secret)
		require.ErrorIs(t, err, errSecret, secret)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	sent := time.Unix(exampleTime, 0)
	for name, c := range map[string]struct {
		change func(http.Header)
		body   string
		now    time.Time
		ok     bool
	}{
		"the example":          {func(http.Header) {}, exampleBody, sent, true},
		"old, but not too old": {func(http.Header) {}, exampleBody, sent.Add(tolerance), true},
		"one of two":           {func(h http.Header) { h.Set(headerSignature, "v1,AAAA "+exampleSignature) }, exampleBody, sent, true},
		"too old":              {func(http.Header) {}, exampleBody, sent.Add(tolerance + time.Second), false},
		"of the future":        {func(http.Header) {}, exampleBody, sent.Add(-tolerance - time.Second), false},
		"another body":         {func(http.Header) {}, exampleBody + " ", sent, false},
		"another id":           {func(h http.Header) { h.Set(headerID, "msg_2") }, exampleBody, sent, false},
		"another time":         {func(h http.Header) { h.Set(headerTimestamp, "1614265331") }, exampleBody, sent, false},
		"no id":                {func(h http.Header) { h.Del(headerID) }, exampleBody, sent, false},
		"no time":              {func(h http.Header) { h.Del(headerTimestamp) }, exampleBody, sent, false},
		"no signature":         {func(h http.Header) { h.Del(headerSignature) }, exampleBody, sent, false},
		"another version":      {func(h http.Header) { h.Set(headerSignature, "v2"+exampleSignature[2:]) }, exampleBody, sent, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := example()
			c.change(header)
			err := verify(exampleKey(t), header, []byte(c.body), c.now)
			require.Equal(t, c.ok, err == nil)
		})
	}
}

func setup(t *testing.T) (*catcher, string) {
	c := newCatcher(exampleKey(t), time.Now)
	server := httptest.NewServer(c.handler())
	t.Cleanup(server.Close)
	return c, server.URL
}

func call(t *testing.T, method, address string, header http.Header, body string) (int, string) {
	r, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewBufferString(body))
	require.NoError(t, err)
	r.Header = header
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

func list(t *testing.T, base, query string) (all []caught) {
	status, text := call(t, http.MethodGet, base+"/messages.json"+query, nil, "")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, json.Unmarshal([]byte(text), &all))
	return all
}

func TestMessagesOfTheServiceAreAccepted(t *testing.T) {
	t.Parallel()
	_, base := setup(t)
	texts, err := sms.NewWebhook(sms.WebhookOptions{URL: base + "/sms", Secret: exampleSecret})
	require.NoError(t, err)
	m := message.Message{
		Kind: message.KindOTP, Channel: message.ChannelSMS, To: "+491701234567", Text: "<b>123456</b>",
		RegistrationID: "5f3c9a52-1b7e-4a0d-9d5c-0c8e2f7b6a11", Sequence: 1,
	}
	for range 2 { // the second call is a retry
		receipt, err := texts.Send(t.Context(), m)
		require.NoError(t, err)
		all := list(t, base, "?to=%2B491701234567")
		require.Len(t, all, 1)
		require.Equal(t, caught{ID: receipt.MessageID, At: all[0].At, To: m.To, Kind: "otp", Text: m.Text}, all[0])
	}
	require.Empty(t, list(t, base, "?to=%2B491701234568"))
	_, page := call(t, http.MethodGet, base+"/", nil, "")
	require.Contains(t, page, "&lt;b&gt;123456")

	_, err = texts.Send(t.Context(), message.Message{Channel: message.ChannelSMS, Text: "to nobody"})
	require.Error(t, err)
	require.Len(t, list(t, base, ""), 1)
}

func TestUnsignedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	_, base := setup(t)
	status, _ := call(t, http.MethodPost, base+"/sms", nil, `{"to": "+491701234567", "text": "123456"}`)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Empty(t, list(t, base, ""))
}

func TestOldestMessagesAreDropped(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	for i := range maxMessages + 5 {
		c.store(caught{ID: strconv.Itoa(i)})
	}
	all := c.to("")
	require.Len(t, all, maxMessages)
	require.Equal(t, strconv.Itoa(maxMessages+4), all[0].ID)
}
