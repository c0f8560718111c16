package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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

func TestUnsubscribePageChangesNothing(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, nil)
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(method, unsubscribePath(), nil))
		requirePage(t, s, w, 200, "Unsubscribe?")
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

func TestUnsubscribeButton(t *testing.T) {
	t.Parallel()
	acted := false
	s := setupUnsubscribe(t, func(context.Context, string, string) error { acted = true; return nil })
	page := s.send(t, "GET", unsubscribePath(), "")
	require.False(t, acted)
	requirePage(t, s, s.pressButton(t, unsubscribePath(), page), 200, "You are unsubscribed")
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
