package api

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/internal/secret"
)

// withoutLog keeps the log of millions of requests out of memory.
func withoutLog(d *Deps) { d.Logger = slog.New(slog.DiscardHandler) }

// FuzzBody has any body of a registration.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		with(validBody(), nil), "\ufeff" + with(validBody(), nil), with(validBody(), map[string]any{"mobile_number": nil, "locale": nil}), "{}", "null", "[]", `"a"`, "1", "",
		`{"email":"a","email":"b"}`, `{"EMAIL":"a"}`, `{"email":null}`, `{"email":1e999}`, `{"email":"\ud800"}`, `{"email":"a\u0000"}`, "{\"email\":\"\xff\"}",
		`{"email":["a"]}`, `{"marketing_consent":"true"}`, `{"x":1}`, `{"email":"a"}{}`, `{"email":"a"} x`, `{"email":"a",}`, strings.Repeat(`{"email":`, 5000), strings.Repeat("[", 9000),
		`{"marketing_consent":true,"first_name":"<script>","last_name":"\u2028","email":"","password":"\\"}`, `{"\u0065mail":"a"}`,
		withAttributes(`{ "a": [1e5, {"b": "\u003c", "b": null}] }`), withAttributes("null"), withAttributes("[]"), withAttributes("1e999"),
	} {
		f.Add("application/json", []byte(seed))
	}
	for _, media := range []string{"application/json; charset=UTF-8", "application/json; charset=latin1", "text/json", "application/json; a=b", "application/json;;", "", "\x00"} {
		f.Add(media, []byte(with(validBody(), nil)))
	}
	expected := shapeOf[openapi.RegistrationRequest](true, maxBody)
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		if err := expected.check(media, body); err != nil {
			require.NotZero(t, answers[problemOf(err, now).code], err)
			return
		}
		// The generated code must read exactly what was checked.
		var form openapi.RegistrationRequest
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		require.NoError(t, strict.Decode(&form))
		require.False(t, strict.More())
		for _, text := range []string{form.FirstName, form.LastName, form.Username, form.Email, form.Password, form.MobileNumber, form.Locale} {
			require.True(t, utf8.ValidString(text))
		}
		again, err := json.Marshal(form)
		require.NoError(t, err)
		require.NoError(t, expected.check(media, again))
		var same openapi.RegistrationRequest
		require.NoError(t, json.Unmarshal(again, &same))
		if form.Attributes != nil { // their white space is not kept
			require.JSONEq(t, string(form.Attributes), string(same.Attributes))
		}
		form.Attributes, same.Attributes = nil, nil
		require.Equal(t, form, same)
	})
}

// FuzzHeaders has any headers of a registration.
func FuzzHeaders(f *testing.F) {
	for _, seed := range []string{
		"", "a", "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01", strings.Repeat("k", 255), strings.Repeat("k", 256), "a b", "a\r\nX: y", "\x00", "é", "\x7f", `"a"`, "{{a}}",
	} {
		f.Add(seed, seed, "de-CH, en;q=0.5", "https://app.example.com")
		f.Add("key", seed, seed, seed)
	}
	f.Add("key", "id", strings.Repeat("de-", 2000), "null")
	s := setupOrigins(f, withoutLog)
	visible := regexp.MustCompile(`^[!-~]{1,255}$`)
	const body = `{"first_name":"","last_name":"","email":"","password":""}` // is refused after the headers
	f.Fuzz(func(t *testing.T, key, id, language, origin string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, registrations, strings.NewReader(body))
		r.Header = http.Header{
			"Content-Type": {"application/json"}, "Idempotency-Key": {key}, headerRequestID: {id}, "Accept-Language": {language}, "Origin": {origin},
		}
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)

		if visible.MatchString(key) {
			require.Equal(t, http.StatusUnprocessableEntity, w.Code, w.Body)
		} else {
			require.Equal(t, http.StatusBadRequest, w.Code, w.Body)
		}
		require.Regexp(t, `^[!-~]{1,128}$`, w.Header().Get(headerRequestID))
		for name, values := range w.Header() {
			require.NotContains(t, strings.Join(values, ""), "\n", name)
		}
		if allowed := w.Header().Get("Access-Control-Allow-Origin"); allowed != "" {
			require.Equal(t, origin, allowed)
			require.Equal(t, "https://app.example.com", origin)
		}

		page := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/unsubscribe", nil)
		page.Header = r.Header
		s.handler.ServeHTTP(httptest.NewRecorder(), page)
	})
}

// FuzzClientAddress has any X-Forwarded-For from a trusted proxy.
func FuzzClientAddress(f *testing.F) {
	for _, seed := range []string{
		"203.0.113.7", "203.0.113.66, 198.51.100.7:51234, 192.0.2.9", `"[2001:db8::1]:443"`, "[2001:db8::1]", "unknown", "", ",", " , ,", "fe80::1%eth0",
		"::ffff:192.0.2.9", "192.0.2.9,::ffff:192.0.2.1", "203.0.113.7:", "[", "]", `"`, "1.2.3.4:5:6", "0x7f.1", "\xff", strings.Repeat("192.0.2.1,", 100),
	} {
		f.Add(seed, "198.51.100.1")
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}
	f.Fuzz(func(t *testing.T, header, forged string) {
		of := func(values ...string) netip.Addr {
			return clientAddress(&http.Request{RemoteAddr: "192.0.2.1:1", Header: http.Header{headerForwardedFor: values}}, trusted)
		}
		client := of(header)
		require.True(t, client.IsValid())
		require.Empty(t, client.Zone())
		require.False(t, client.Is4In6())
		again, ok := parseAddress(client.String())
		require.True(t, ok)
		require.Equal(t, client, again)
		if !isIn(client, trusted) {
			require.Equal(t, client, of(forged, header), "a client cannot change its address")
			require.Equal(t, client, of(forged+","+header))
		}
	})
}

// FuzzCursor has any cursor of a page of campaigns.
func FuzzCursor(f *testing.F) {
	text, err := os.ReadFile("../internal/secret/testdata/prf.json") // the same keys in each process of the fuzzer
	require.NoError(f, err)
	handle, err := secret.ParsePRF(string(text))
	require.NoError(f, err)
	keys, err := secret.NewKeyring(handle)
	require.NoError(f, err)
	s := &server{Deps: Deps{Keys: keys}}
	genuine := s.cursor([]byte("page"))
	for _, seed := range []string{genuine, genuine[1:], genuine + "=", strings.ToUpper(genuine), "", ".", "a.b", "cGFnZQ.", "cGFnZQ", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		page, ok := s.readCursor(cursor)
		if !ok {
			return
		}
		require.Contains(t, []string{genuine, ""}, cursor, "only the owner of the keys can write one")
		require.Equal(t, cursor, s.cursor(page))
	})
}

// FuzzReportBody has any body for the providers' reports.
func FuzzReportBody(f *testing.F) {
	for _, seed := range []string{
		`{"signature":{},"event-data":{}}`, `{"signature":null}`, `{"event-data":[]}`, "[]", "{}", "", "{", "\ufeff{}", "{}{}", `{"signature":"a"}`,
		"MessageSid=SM1&MessageStatus=delivered", "a=%zz", "a;b=c", "=", "&&&", "a=\x00", "\xff=\xff", strings.Repeat("a=b&", 5000),
	} {
		f.Add([]byte(seed))
	}
	notGenuine := func() (message.Report, error) { return message.Report{}, message.ErrNotGenuine }
	s := setup(f, withoutLog, func(d *Deps) {
		d.Webhooks.Mailgun = fakeMailgun(func([]byte, []byte) (message.Report, error) { return notGenuine() })
		d.Webhooks.Twilio = fakeTwilio(func(string, string, url.Values) (message.Report, error) { return notGenuine() })
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		for path, media := range map[string]string{MailgunWebhookPath: "application/json", TwilioWebhookPath: "application/x-www-form-urlencoded"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
			r.Header = http.Header{"Content-Type": {media}, "X-Twilio-Signature": {"AAAA"}}
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			require.Contains(t, []int{400, 401, 413}, w.Code, w.Body)
			require.True(t, json.Valid(w.Body.Bytes()))
		}
	})
}
