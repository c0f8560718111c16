package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"registrar/api/openapi"
)

type fakeUnsubscriber func(ctx context.Context, userID, source string) error

func (f fakeUnsubscriber) Unsubscribe(ctx context.Context, userID, source string) error {
	return f(ctx, userID, source)
}

func setupUnsubscribe(t testing.TB, f fakeUnsubscriber) *service {
	t.Helper()
	return setup(t, func(d *Deps) { d.Unsubscriber = f })
}

func unsubscribePath() string {
	return "/unsubscribe?token=" + keyring().UnsubscribeToken(campaignID, userID)
}

// requirePage checks the common parts of all pages, and that no log has the token.
func requirePage(t testing.TB, s *service, w *httptest.ResponseRecorder, status int, title string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body)
	require.Contains(t, w.Body.String(), "<h1>"+title+"</h1>")
	h := w.Header()
	require.Equal(t, "text/html; charset=utf-8", h.Get("Content-Type"))
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
	require.Empty(t, h.Get("Location"))
	require.NotContains(t, w.Body.String(), "<script")
	token := strings.TrimPrefix(unsubscribePath(), "/unsubscribe?token=")
	require.NotContains(t, s.logs.String(), token)
	require.Contains(t, s.logs.String(), `"route":"/unsubscribe"`)
}

func TestUnsubscribePageChangesNothing(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, nil)
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(method, unsubscribePath(), nil))
		requirePage(t, s, w, 200, "Unsubscribe?")
	}
}

func TestUnsubscribePageLanguage(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, nil)
	for accept, want := range map[string]struct{ lang, dir, title string }{
		"":                              {"en", "ltr", "Unsubscribe?"},
		"de-AT,de;q=0.9,en;q=0.5":       {"de", "ltr", "Abmelden?"},
		"fr, ar;q=0.4":                  {"ar", "rtl", "إلغاء الاشتراك؟"},
		"ja":                            {"en", "ltr", "Unsubscribe?"},
		"no language; q=x \" <b>":       {"en", "ltr", "Unsubscribe?"},
		strings.Repeat("xx,", 20000):    {"en", "ltr", "Unsubscribe?"},
		"en-GB;q=0.1, de;q=0.2, ar;q=0": {"de", "ltr", "Abmelden?"},
	} {
		r := httptest.NewRequest("GET", unsubscribePath(), nil)
		r.Header.Set("Accept-Language", accept)
		w := s.serve(t, r)
		requirePage(t, s, w, 200, want.title)
		require.Equal(t, want.lang, w.Header().Get("Content-Language"), accept)
		require.Contains(t, w.Header().Values("Vary"), "Accept-Language")
		require.Contains(t, w.Body.String(), `<html lang="`+want.lang+`" dir="`+want.dir+`">`)
	}
}

func TestUnsubscribePagesAreComplete(t *testing.T) {
	t.Parallel()
	for _, in := range unsubscribeTexts {
		for kind, english := range unsubscribeTexts[0].pages {
			page := in.pages[kind]
			require.NotEmpty(t, page.Title, in.tag)
			require.NotEmpty(t, page.Text, in.tag)
			require.Equal(t, english.Button == "", page.Button == "", in.tag)
		}
	}
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	var whom []string
	s := setupUnsubscribe(t, func(ctx context.Context, userID, source string) error {
		_, bounded := ctx.Deadline()
		require.True(t, bounded)
		require.Equal(t, "link", source)
		whom = append(whom, userID)
		return nil
	})
	bodies := map[string]string{
		"application/x-www-form-urlencoded": "List-Unsubscribe=One-Click",
		"multipart/form-data; boundary=x":   "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n",
		"":                                  "",
	}
	for contentType, body := range bodies {
		r := httptest.NewRequest("POST", unsubscribePath(), strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		requirePage(t, s, s.serve(t, r), 200, "You are unsubscribed")
	}
	require.Equal(t, []string{userID, userID, userID}, whom)
	require.NotContains(t, s.logs.String(), userID)
}

// TestUnsubscribeButton submits the page's form as a browser does.
func TestUnsubscribeButton(t *testing.T) {
	t.Parallel()
	acted := false
	s := setupUnsubscribe(t, func(context.Context, string, string) error { acted = true; return nil })
	page := s.send(t, "GET", unsubscribePath(), "")
	root, err := html.Parse(page.Body)
	require.NoError(t, err)
	form := url.Values{}
	method, action := "", ""
	for n := range root.Descendants() {
		values := map[string]string{}
		for _, a := range n.Attr {
			values[a.Key] = a.Val
		}
		switch n.Data {
		case "form":
			method, action = values["method"], values["action"]
		case "button":
			form.Set(values["name"], values["value"])
		}
	}
	require.Equal(t, "post", method)
	require.Empty(t, action, "to the same address, token and all")
	require.Equal(t, "List-Unsubscribe=One-Click", form.Encode())
	require.False(t, acted)
	r := httptest.NewRequest("POST", unsubscribePath(), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	requirePage(t, s, s.serve(t, r), 200, "You are unsubscribed")
	require.True(t, acted)
}

func TestInvalidUnsubscribeLinks(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, func(context.Context, string, string) error {
		t.Error("no user may be unsubscribed")
		return nil
	})
	same := ""
	for _, path := range []string{
		"/unsubscribe", "/unsubscribe?token=", "/unsubscribe?token=example", unsubscribePath() + "x", "/unsubscribe?token=" + userID,
		strings.Replace(unsubscribePath(), "token=", "token=%00", 1), "/unsubscribe?token=%zz", "/unsubscribe?token=" + strings.Repeat("A", 64),
	} {
		for _, method := range []string{"GET", "POST"} {
			w := s.send(t, method, path, "")
			requirePage(t, s, w, 400, "This link is incomplete")
			if same == "" {
				same = w.Body.String()
			}
			require.Equal(t, same, w.Body.String(), "the answer reveals nothing")
		}
	}
}

func TestUnsubscribeWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, func(context.Context, string, string) error { return errors.New("no connection") })
	w := s.send(t, "POST", unsubscribePath(), "")
	requirePage(t, s, w, 503, "Please try again")
	require.Equal(t, "60", w.Header().Get("Retry-After"))
	require.Contains(t, w.Body.String(), "<button")
	require.Contains(t, s.logs.String(), "no connection")
}

func TestUnsubscribeMethods(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, nil)
	requireProblem(t, s.send(t, "DELETE", unsubscribePath(), ""), 405, openapi.ProblemCodeMethodNotAllowed)
	requireProblem(t, setup(t).send(t, "POST", unsubscribePath(), ""), 404, openapi.ProblemCodeNotFound)
}
