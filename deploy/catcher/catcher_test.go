package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/email"
	"registrar/internal/message"
	"registrar/internal/sms"
)

func setup(t *testing.T) (*catcher, string) {
	c := new(catcher)
	server := httptest.NewServer(c.handler())
	t.Cleanup(server.Close)
	return c, server.URL
}

func get(t *testing.T, address string) string {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return string(body)
}

// The service's own senders are the only clients that it is for.
func TestItTakesWhatTheServiceSends(t *testing.T) {
	t.Parallel()
	_, base := setup(t)
	mails, err := email.NewMailgun(email.MailgunOptions{
		Domain: "mg.example.com", APIKey: "unused", APIBase: base + "/v3", From: "Registrar <hello@example.com>",
	})
	require.NoError(t, err)
	texts, err := sms.NewTwilio(sms.TwilioOptions{AccountSID: "AC1", AuthToken: "unused", From: "+15005550006", BaseURL: base})
	require.NoError(t, err)

	_, err = mails.Send(t.Context(), message.Message{
		Kind: message.KindWelcome, Channel: message.ChannelEmail, To: "ada@example.com", Subject: "Welcome", Text: "Hello Ada", HTML: "<p>Hello</p>",
	})
	require.NoError(t, err)
	_, err = texts.Send(t.Context(), message.Message{Kind: message.KindOTP, Channel: message.ChannelSMS, To: "+491701234567", Text: "<b>123456</b>"})
	require.NoError(t, err)

	var list []caught
	require.NoError(t, json.Unmarshal([]byte(get(t, base+"/messages.json")), &list))
	require.Len(t, list, 2)
	require.Equal(t, caught{At: list[0].At, Channel: "sms", To: "+491701234567", Text: "<b>123456</b>"}, list[0])
	require.Equal(t, caught{
		At: list[1].At, Channel: "email", To: "ada@example.com", Subject: "Welcome", Text: "Hello Ada", HTML: "<p>Hello</p>",
	}, list[1])

	require.NoError(t, json.Unmarshal([]byte(get(t, base+"/messages.json?to=%2B491701234567")), &list))
	require.Len(t, list, 1)
	page := get(t, base+"/")
	require.Contains(t, page, "&lt;b&gt;123456")
	require.Contains(t, page, "Hello Ada")
}

func TestItRefusesWhatHasNoRecipient(t *testing.T) {
	t.Parallel()
	_, base := setup(t)
	texts, err := sms.NewTwilio(sms.TwilioOptions{AccountSID: "AC1", AuthToken: "unused", From: "+15005550006", BaseURL: base})
	require.NoError(t, err)
	_, err = texts.Send(t.Context(), message.Message{Channel: message.ChannelSMS, Text: "to nobody"})
	require.Error(t, err)
	require.Equal(t, "[]\n", get(t, base+"/messages.json"))
}

func TestItForgetsTheOldest(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	for i := range kept + 5 {
		c.keep(caught{Text: strconv.Itoa(i)})
	}
	all := c.to("")
	require.Len(t, all, kept)
	require.Equal(t, strconv.Itoa(kept+4), all[0].Text)
}
