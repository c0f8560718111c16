package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/emaillink"
	"registrar/internal/message"
)

// Titles of the pages, in English.
const (
	titleAskConfirm = "Is this your account?"
	titleConfirmed  = "Address confirmed"
	titleAskDisown  = "Not your account?"
	titleDisowned   = "Address removed"
	titleTooLate    = "Already confirmed"
	titleVoid       = "Nothing to change"
	titleAccepted   = "Request received"
)

var links = regexp.MustCompile(`https?://\S+`)

// linkTo returns the address, without scheme and host, of the link to a page in the welcome email of a registration.
func (s *testClient) linkTo(t *testing.T, page, to, id string) string {
	t.Helper()
	return await(t, "the link "+page, func() (string, bool) {
		for _, m := range s.outboxFor(t, to, message.KindWelcome) {
			for _, link := range links.FindAllString(m.Text, -1) {
				if u, err := url.Parse(link); err == nil && u.Path == page && m.RegistrationID == id {
					return u.RequestURI(), true
				}
			}
		}
		return "", false
	})
}

// requirePage opens a link and requires the page with the title.
func (s *testClient) requirePage(t *testing.T, method, link string, status int, title string) {
	t.Helper()
	a := s.mustCall(t, method, link, nil)
	require.Equal(t, status, a.status, "%s", a.body)
	require.Contains(t, string(a.body), title)
	require.Equal(t, method == http.MethodGet, strings.Contains(string(a.body), `method="post"`), "%s", a.body)
}

// The link is opened after the workflow of the registration has ended.
func TestConfirmLinkProvesTheAddressOnce(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	s.awaitEnd(t, id)
	confirm := s.linkTo(t, emaillink.ConfirmPath, form.Email, id)
	for range 2 { // also a mail scanner
		s.requirePage(t, http.MethodGet, confirm, http.StatusOK, titleAskConfirm)
	}
	require.False(t, s.provenEmail(t, id))
	require.False(t, *s.get(t, id).EmailVerified)

	s.requirePage(t, http.MethodPost, confirm, http.StatusOK, titleConfirmed)
	require.True(t, s.provenEmail(t, id))
	require.True(t, *s.get(t, id).EmailVerified)
	at := s.changedAt(t, id)
	s.requirePage(t, http.MethodPost, confirm, http.StatusOK, titleConfirmed)
	require.Equal(t, at, s.changedAt(t, id), "the second time changes nothing")
	other := newForm()
	other.Email = form.Email
	requireProblem(t, s.register(t, other), http.StatusConflict, openapi.ProblemCodeEmailTaken)

	s.requirePage(t, http.MethodPost, s.linkTo(t, emaillink.NotMePath, form.Email, id), http.StatusOK, titleTooLate)
	require.True(t, s.provenEmail(t, id))
	require.Empty(t, s.outboxFor(t, form.MobileNumber, message.KindEmailReleased))
}

func (r *testService) changedAt(t *testing.T, id string) string {
	t.Helper()
	return lookUp[string](t, r.stack.data, "SELECT CAST(email_verified_at AS TEXT) || updated_at FROM users WHERE registration_id = ?", id)
}

// The confirm link of a pending registration proves the address, but does not activate the account.
func TestConfirmLinkOfAPendingRegistration(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	s.requirePage(t, http.MethodPost, s.linkTo(t, emaillink.ConfirmPath, form.Email, id), http.StatusOK, titleConfirmed)
	require.Equal(t, openapi.StatusPendingVerification, s.get(t, id).Status)
	s.requireActive(t, id, code)
	require.True(t, *s.get(t, id).EmailVerified)
	require.True(t, s.provenEmail(t, id))
}

// The owner of an address disowns the account that somebody else made with it. The account stays, without the address.
func TestNotMeLinkRemovesTheAddressOfAnActiveAccount(t *testing.T) {
	t.Parallel()
	s := shared(t)
	owner := newForm()
	attacker, id := s.squat(t, owner)
	s.awaitEnd(t, id)
	notMe := s.linkTo(t, emaillink.NotMePath, owner.Email, id)
	s.requirePage(t, http.MethodGet, notMe, http.StatusOK, titleAskDisown)
	require.Equal(t, 1, s.countWith(t, owner.Email))

	for range 2 {
		s.requirePage(t, http.MethodPost, notMe, http.StatusOK, titleDisowned)
	}
	require.Zero(t, s.countWith(t, owner.Email))
	require.Equal(t, openapi.StatusActive, s.get(t, id).Status)
	s.awaitMessages(t, attacker.MobileNumber, message.KindEmailReleased, 1)
	s.requirePage(t, http.MethodPost, s.linkTo(t, emaillink.ConfirmPath, owner.Email, id), http.StatusOK, titleVoid)
	require.False(t, *s.get(t, id).EmailVerified)
	require.Zero(t, s.countWith(t, owner.Email))
}

func (r *testService) countWith(t *testing.T, email string) int {
	t.Helper()
	return lookUp[int](t, r.stack.data, "SELECT COUNT(*) FROM users WHERE email_canonical = ?", email)
}

func TestNotMeLinkEndsAPendingRegistration(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	s.requirePage(t, http.MethodPost, s.linkTo(t, emaillink.NotMePath, form.Email, id), http.StatusOK, titleDisowned)
	s.awaitStatus(t, id, openapi.StatusSuperseded)
	requireProblem(t, s.verify(t, id, code), http.StatusGone, openapi.ProblemCodeRegistrationClosed)
	require.Zero(t, s.countWith(t, form.Email))
}

// A link that was opened while the database was unavailable takes effect afterwards.
func TestLinkDuringDatabaseOutage(t *testing.T) {
	t.Parallel()
	s := startService(t, "API_WAIT_BUDGET=1s")
	for page, effect := range map[string]struct {
		title string
		done  func(t *testing.T, form openapi.RegistrationRequest, id string) bool
	}{
		emaillink.ConfirmPath: {titleConfirmed, func(t *testing.T, _ openapi.RegistrationRequest, id string) bool {
			return s.provenEmail(t, id)
		}},
		emaillink.NotMePath: {titleDisowned, func(t *testing.T, form openapi.RegistrationRequest, _ string) bool {
			return s.countWith(t, form.Email) == 0
		}},
	} {
		form := newForm()
		id := s.mustRegister(t, form).RegistrationID
		s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
		s.awaitEnd(t, id)
		link := s.linkTo(t, page, form.Email, id)
		restore := stopDatabase(t, s.stack.data)
		for range 2 {
			s.requirePage(t, http.MethodPost, link, http.StatusAccepted, titleAccepted)
		}
		restore()
		await(t, page, func() (bool, bool) { done := effect.done(t, form, id); return done, done })
		await(t, effect.title, func() (string, bool) {
			body := string(s.mustCall(t, http.MethodPost, link, nil).body)
			return body, strings.Contains(body, effect.title)
		})
	}
}

// A link works for its own purpose and registration only.
func TestLinkIsBoundToItsPurpose(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	created := s.mustRegister(t, form)
	id := created.RegistrationID
	confirm := s.linkTo(t, emaillink.ConfirmPath, form.Email, id)
	_, query, _ := strings.Cut(confirm, "?")
	for _, link := range []string{
		emaillink.NotMePath + "?" + query, "/unsubscribe?" + query, emaillink.ConfirmPath + "?token=" + created.RegistrationToken,
	} {
		require.Equal(t, http.StatusBadRequest, s.mustCall(t, http.MethodPost, link, nil).status, link)
	}
	a := s.mustCall(t, http.MethodGet, registrations+"/"+id, nil, "Authorization", "Bearer "+strings.TrimPrefix(query, "token="))
	requireProblem(t, a, http.StatusNotFound, openapi.ProblemCodeNotFound)
	require.False(t, s.provenEmail(t, id))
}
