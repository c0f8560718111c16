package api

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/user"
	"registrar/workflows"
)

func setupUnsubscribe(t testing.TB, f fakeChanges) *service {
	t.Helper()
	return setup(t, func(d *Deps) { d.Changes = f })
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
	var made []workflows.UserChangeInput
	s := setupUnsubscribe(t, recordChanges(&made))
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
	require.Len(t, made, len(bodies))
	no, policy := false, workflows.DefaultPolicy()
	for _, in := range made {
		require.NoError(t, uuid.Validate(in.ChangeID))
		require.Equal(t, made[0].ChangeID, in.ChangeID, "repeated clicks are one change")
		require.Equal(t, workflows.UserChangeInput{
			ChangeID: in.ChangeID, UserID: userID, Kind: user.ChangeConsent, Actor: "link", At: in.At, Set: user.Change{MarketingConsent: &no},
			Budgets: policy.Budgets, ParkingTime: policy.ParkingTime,
		}, in)
	}
	require.NotContains(t, s.logs.String(), userID)
}

// TestUnsubscribeAgain clicks the same link after the user has consented again.
func TestUnsubscribeAgain(t *testing.T) {
	t.Parallel()
	var made []workflows.UserChangeInput
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := setup(t, func(d *Deps) { d.Changes, d.Now = recordChanges(&made), func() time.Time { return at } })
	requirePage(t, s, s.send(t, "POST", unsubscribePath(), ""), 200, "You are unsubscribed")
	at = at.Add(time.Minute)
	requirePage(t, s, s.send(t, "POST", unsubscribePath(), ""), 200, "You are unsubscribed")
	require.NotEqual(t, made[0].ChangeID, made[1].ChangeID)
}

func TestUnsubscribeButton(t *testing.T) {
	t.Parallel()
	acted := false
	s := setupUnsubscribe(t, func(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error) {
		acted = true
		return workflows.UserChangeResult{Outcome: user.ChangeNotFound}, nil
	})
	page := s.send(t, "GET", unsubscribePath(), "")
	require.False(t, acted)
	requirePage(t, s, s.pressButton(t, unsubscribePath(), page), 200, "You are unsubscribed")
	require.True(t, acted)
}

func TestInvalidUnsubscribeLinks(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, func(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error) {
		t.Error("no user may be unsubscribed")
		return workflows.UserChangeResult{}, nil
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

func TestUnsubscribeWithoutTemporal(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, failingChanges(fmt.Errorf("%w: no connection", engine.ErrUnavailable)))
	w := s.send(t, "POST", unsubscribePath(), "")
	requirePage(t, s, w, 503, "Please try again")
	require.Equal(t, "60", w.Header().Get("Retry-After"))
	require.Contains(t, w.Body.String(), "<button")
	require.Contains(t, s.logs.String(), "no connection")
}

// TestUnsubscribeWithoutDatabase: the change is durable, so that the user need not click again.
func TestUnsubscribeWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, failingChanges(engine.ErrUnconfirmed))
	requirePage(t, s, s.send(t, "POST", unsubscribePath(), ""), 202, "Request received")
}

func failingChanges(err error) fakeChanges {
	return func(context.Context, workflows.UserChangeInput) (workflows.UserChangeResult, error) {
		return workflows.UserChangeResult{}, err
	}
}

func TestUnsubscribeMethods(t *testing.T) {
	t.Parallel()
	s := setupUnsubscribe(t, nil)
	requireProblem(t, s.send(t, "DELETE", unsubscribePath(), ""), 405, openapi.ProblemCodeMethodNotAllowed)
	requireProblem(t, setup(t).send(t, "POST", unsubscribePath(), ""), 404, openapi.ProblemCodeNotFound)
}
