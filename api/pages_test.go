package api

import (
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/page"
)

func TestPages(t *testing.T) {
	t.Parallel()
	s := setup(t)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	linked := regexp.MustCompile(`(?:href|src)="(/[^"]*)"`)
	for _, page := range []string{"/", "/docs"} {
		w := get(page)
		require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
		links := linked.FindAllStringSubmatch(w.Body.String(), -1)
		require.NotEmpty(t, links)
		for _, link := range links {
			require.Equal(t, 200, get(link[1]).Code, link[1])
		}
		require.NotContains(t, w.Body.String(), "//", "nothing comes from elsewhere")
	}
	require.Equal(t, "application/yaml", get("/openapi.yaml").Header().Get("Content-Type"))
	require.Equal(t, string(specification), get("/openapi.yaml").Body.String())
}

func TestDocsLinkToOtherPages(t *testing.T) {
	t.Parallel()
	s := setup(t, func(d *Deps) { d.DocsLinks = []page.Link{{Text: "Outbox", URL: "http://localhost:8080/outbox"}} })
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest("GET", "/docs", nil))
	require.Contains(t, w.Body.String(), `<a href="http://localhost:8080/outbox">Outbox</a>`)
	require.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
}
