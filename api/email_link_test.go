package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/emaillink"
	"registrar/internal/engine"
	"registrar/workflows"
)

const linkedAddress = "zoelle@example.com"

// linkTo returns the path and query of a link that was sent at a time.
func linkTo(t testing.TB, action workflows.EmailLinkAction, sentAt time.Time) string {
	t.Helper()
	links := emaillink.Links{Keys: keyring(), PublicURL: publicURL, Now: func() time.Time { return sentAt }}
	link, err := url.Parse(links.EmailLink(action, registrationID, linkedAddress, "en"))
	require.NoError(t, err)
	return link.RequestURI()
}

// linkPages are the titles of the pages that ask.
var linkPages = map[workflows.EmailLinkAction]string{
	workflows.ActionConfirm: "Is this your account?", workflows.ActionDisown: "Not your account?",
}

func setupEmailLink(t testing.TB, out workflows.EmailLinkOutcome, err error, changes ...func(*Deps)) (*service, *[]workflows.EmailLinkInput) {
	t.Helper()
	s, calls := setup(t, changes...), new([]workflows.EmailLinkInput)
	s.engine.emailLink = func(_ context.Context, in workflows.EmailLinkInput) (workflows.EmailLinkResult, error) {
		*calls = append(*calls, in)
		return workflows.EmailLinkResult{Outcome: out}, err
	}
	return s, calls
}

// TestEmailLinkPageChangesNothing opens the links as email scanners and browsers do.
func TestEmailLinkPageChangesNothing(t *testing.T) {
	t.Parallel()
	s, calls := setupEmailLink(t, workflows.LinkConfirmed, nil)
	for action, title := range linkPages {
		for _, method := range []string{"GET", "HEAD"} {
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, httptest.NewRequest(method, linkTo(t, action, now), nil))
			requirePage(t, s, w, 200, title)
			require.Contains(t, w.Body.String(), "<button")
		}
	}
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		requireProblem(t, s.send(t, method, linkTo(t, workflows.ActionConfirm, now), ""), 405, openapi.ProblemCodeMethodNotAllowed)
	}
	require.Empty(t, *calls)
}

func TestEmailLink(t *testing.T) {
	t.Parallel()
	for action, title := range linkPages {
		for outcome, result := range map[workflows.EmailLinkOutcome]string{
			workflows.LinkConfirmed: "Address confirmed", workflows.LinkDisowned: "Address removed",
			workflows.LinkTooLate: "Already confirmed", workflows.LinkVoid: "Nothing to change",
		} {
			s, calls := setupEmailLink(t, outcome, nil)
			target := linkTo(t, action, now)
			page := s.send(t, "GET", target, "")
			requirePage(t, s, page, 200, title)
			w := s.pressButton(t, target, page)
			requirePage(t, s, w, 200, result)
			require.NotContains(t, w.Body.String(), "<button")
			require.Equal(t, []workflows.EmailLinkInput{{
				Action: action, RegistrationID: registrationID, AddressKey: keyring().AddressKey(linkedAddress), RequestedAt: now,
				Budgets: workflows.DefaultPolicy().Budgets, ParkingTime: workflows.DefaultPolicy().ParkingTime,
			}}, *calls)
		}
	}
}

func TestEmailLinkInTheUsersLanguage(t *testing.T) {
	t.Parallel()
	s, _ := setupEmailLink(t, workflows.LinkConfirmed, nil)
	target := strings.Replace(linkTo(t, workflows.ActionConfirm, now), "lang=en", "lang=de-AT", 1)
	page := s.send(t, "GET", target, "", "Accept-Language", "ar")
	requirePage(t, s, page, 200, "Ist das Ihr Konto?")
	requirePage(t, s, s.pressButton(t, target, page), 200, "Adresse bestätigt")
}

func TestEmailLinkWithoutAResult(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		out    workflows.EmailLinkOutcome
		err    error
		status int
		title  string
		log    string
	}{
		"durable":            {"", engine.ErrUnconfirmed, 202, "Request received", `"INFO"`},
		"Temporal is down":   {"", engine.ErrUnavailable, 503, "Please try again", `"WARN"`},
		"the client is gone": {"", context.Canceled, 503, "Please try again", `"WARN"`},
		"a defect":           {"", errors.New("no such workflow"), 503, "Please try again", `"ERROR"`},
		"an unknown outcome": {"strange", nil, 503, "Please try again", `"ERROR"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := setupEmailLink(t, tt.out, tt.err)
			w := s.send(t, "POST", linkTo(t, workflows.ActionDisown, now), "")
			requirePage(t, s, w, tt.status, tt.title)
			require.Equal(t, tt.status == 503, w.Header().Get("Retry-After") == "60")
			require.Equal(t, tt.status == 503, strings.Contains(w.Body.String(), "<button"))
			require.Contains(t, s.logs.String(), tt.log)
		})
	}
}

func TestExpiredEmailLinks(t *testing.T) {
	t.Parallel()
	s, calls := setupEmailLink(t, workflows.LinkConfirmed, nil)
	for action, title := range linkPages {
		for _, method := range []string{"GET", "POST"} {
			w := s.send(t, method, linkTo(t, action, now.Add(-72*time.Hour)), "")
			requirePage(t, s, w, 410, "This link has expired")
			require.NotContains(t, w.Body.String(), "<button")
		}
		requirePage(t, s, s.send(t, "GET", linkTo(t, action, now.Add(time.Second-72*time.Hour)), ""), 200, title)
	}
	require.Empty(t, *calls)
}

func TestInvalidEmailLinks(t *testing.T) {
	t.Parallel()
	s, calls := setupEmailLink(t, workflows.LinkConfirmed, nil)
	confirm, disown := linkTo(t, workflows.ActionConfirm, now), linkTo(t, workflows.ActionDisown, now)
	same := ""
	for _, target := range []string{
		"/confirm-email", "/confirm-email?token=", "/not-me?token=example", confirm + "x", confirm[:len(confirm)-1],
		strings.Replace(confirm, emaillink.ConfirmPath, emaillink.NotMePath, 1),
		strings.Replace(disown, emaillink.NotMePath, emaillink.ConfirmPath, 1),
		strings.Replace(unsubscribePath(), "/unsubscribe", "/confirm-email", 1),
		"/confirm-email?token=" + registrationID, "/confirm-email?token=" + keyring().RegistrationToken(registrationID),
		"/not-me?token=%zz", "/confirm-email?token=" + strings.Repeat("A", 75),
	} {
		for _, method := range []string{"GET", "POST"} {
			w := s.send(t, method, target, "")
			requirePage(t, s, w, 400, "This link is incomplete")
			if same == "" {
				same = w.Body.String()
			}
			require.Equal(t, same, w.Body.String(), "the answer reveals nothing")
		}
	}
	require.Empty(t, *calls)
}

// TestEmailLinksAreLimited checks that clients are counted when they try tokens and when they press the button, and not when
// they open a genuine link.
func TestEmailLinksAreLimited(t *testing.T) {
	t.Parallel()
	counted, wait := 0, time.Duration(0)
	s, calls := setupEmailLink(t, workflows.LinkConfirmed, nil, func(d *Deps) {
		d.Limits = fakeLimits{code: func(client netip.Addr) time.Duration {
			require.Equal(t, "192.0.2.1", client.String())
			counted++
			return wait
		}}
	})
	genuine, invalid := linkTo(t, workflows.ActionConfirm, now), "/confirm-email?token=example"
	for _, tt := range []struct {
		method, target string
		counts         int
		status         int
	}{
		{"GET", genuine, 0, 200}, {"POST", genuine, 1, 200}, {"GET", invalid, 1, 400}, {"POST", invalid, 1, 400},
		{"GET", linkTo(t, workflows.ActionConfirm, now.Add(-100*time.Hour)), 0, 410},
	} {
		counted, wait = 0, 0
		require.Equal(t, tt.status, s.send(t, tt.method, tt.target, "").Code)
		require.Equal(t, tt.counts, counted, "%s %s", tt.method, tt.target)
		wait = time.Hour
		if tt.counts > 0 {
			requireLimited(t, s.send(t, tt.method, tt.target, ""))
		}
	}
	require.Len(t, *calls, 1)
}
