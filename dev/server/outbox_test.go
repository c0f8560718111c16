package main

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// openPage reads a page as a browser does and returns its status and text.
func (s *testService) openPage(t *testing.T, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/html")
	response, err := s.http.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, html.UnescapeString(string(text))
}

// The outbox shows the timeline of each registration without a token, because it is a part of dev only.
func TestOutboxShowsTheTimeline(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	path := "/outbox/registrations/" + id
	status, text := s.openPage(t, s.base+"/outbox?q="+url.QueryEscape(form.MobileNumber))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `href="`+path+`"`)

	s.requireActive(t, id, code)
	s.awaitEnd(t, id)
	status, text = s.openPage(t, s.base+path)
	require.Equal(t, http.StatusOK, status)
	for _, want := range []string{"accepted", "code right", "run completed", "user stored", "(active)", form.MobileNumber, "<output>" + code + "</output>"} {
		require.Contains(t, text, want)
	}
	require.Less(t, strings.Index(text, "accepted"), strings.Index(text, "run completed"))
	status, _ = s.openPage(t, s.base+"/outbox/registrations/0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01")
	require.Equal(t, http.StatusNotFound, status)
}

func TestSignUpPageAndOutboxLeadToEachOther(t *testing.T) {
	t.Parallel()
	s := shared(t)
	pages := map[string]string{}
	for _, l := range s.stack.locations {
		if l.IsURL {
			status, text := s.openPage(t, l.Address)
			require.Equal(t, http.StatusOK, status, l.Address)
			pages[l.Name] = text
		}
	}
	require.Contains(t, pages["Sign-up page"], `href="`+s.base+`/outbox"`)
	require.Contains(t, pages["Outbox"], `href="/"`)
	require.Contains(t, pages["Outbox"], `href="/docs"`)
}

func TestAddressOfTheWorkflows(t *testing.T) {
	t.Parallel()
	withUI := stack{options: options{uiPort: 8233}}
	require.Equal(t, "http://localhost:8233/namespaces/default/workflows", withUI.workflowsURL())
	require.Empty(t, new(stack).workflowsURL())
}
