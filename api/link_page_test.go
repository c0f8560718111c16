package api

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// tokenLike matches the tokens of links, and nothing else in a log.
var tokenLike = regexp.MustCompile(`[A-Za-z0-9_-]{60,}`)

// requirePage checks the common parts of all pages, and that no log has a token.
func requirePage(t testing.TB, s *service, w *httptest.ResponseRecorder, status int, title string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body)
	require.Contains(t, w.Body.String(), "<h1>"+title+"</h1>")
	h := w.Header()
	require.Equal(t, "text/html; charset=utf-8", h.Get("Content-Type"))
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	require.Equal(t, "noindex", h.Get("X-Robots-Tag"))
	require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
	require.Empty(t, h.Get("Location"))
	require.NotContains(t, w.Body.String(), "<script")
	require.NotRegexp(t, tokenLike, s.logs.String())
	require.NotContains(t, s.logs.String(), "token=")
}

// pressButton submits the form of a page as a browser does. target is the page's address.
func (s *service) pressButton(t testing.TB, target string, page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	t.Helper()
	root, err := html.Parse(page.Body)
	require.NoError(t, err)
	form, method, action := url.Values{}, "", ""
	for n := range root.Descendants() {
		values := map[string]string{}
		for _, a := range n.Attr {
			values[a.Key] = a.Val
		}
		switch n.Data {
		case "form":
			method, action = values["method"], values["action"]
		case "button":
			if values["name"] != "" {
				form.Set(values["name"], values["value"])
			}
		}
	}
	require.Equal(t, "post", method)
	require.Empty(t, action, "to the same address, with the token")
	r := httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.serve(t, r)
}

func TestLinkPageLanguage(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, nil)
	for _, tt := range []struct{ lang, accept, want, dir, title string }{
		{"", "", "en", "ltr", "Unsubscribe?"},
		{"", "de-AT,de;q=0.9,en;q=0.5", "de", "ltr", "Neuigkeiten abbestellen?"},
		{"", "fr, ar;q=0.4", "ar", "rtl", "إلغاء الاشتراك؟"},
		{"", "ja", "en", "ltr", "Unsubscribe?"},
		{"", "no language; q=x \" <b>", "en", "ltr", "Unsubscribe?"},
		{"", strings.Repeat("xx,", 20000), "en", "ltr", "Unsubscribe?"},
		{"", "en-GB;q=0.1, de;q=0.2, ar;q=0", "de", "ltr", "Neuigkeiten abbestellen?"},
		{"de", "ar", "de", "ltr", "Neuigkeiten abbestellen?"},
		{"ar-EG", "de", "ar", "rtl", "إلغاء الاشتراك؟"},
		{"fr", "de", "de", "ltr", "Neuigkeiten abbestellen?"},
		{"fr", "ja", "en", "ltr", "Unsubscribe?"},
		{"<b>", "de", "de", "ltr", "Neuigkeiten abbestellen?"},
		{strings.Repeat("xx-", 4000), "de", "de", "ltr", "Neuigkeiten abbestellen?"},
	} {
		r := httptest.NewRequest("GET", unsubscribePath()+"&lang="+url.QueryEscape(tt.lang), nil)
		r.Header.Set("Accept-Language", tt.accept)
		w := s.serve(t, r)
		requirePage(t, s, w, 200, tt.title)
		require.Equal(t, tt.want, w.Header().Get("Content-Language"), "%+v", tt)
		require.Contains(t, w.Header().Values("Vary"), "Accept-Language")
		require.Contains(t, w.Body.String(), `<html lang="`+tt.want+`" dir="`+tt.dir+`">`)
	}
}
