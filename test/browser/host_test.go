package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
)

// host is another site, on another host and port than the services. Its page embeds the form. Its paths:
// /welcome (where people continue) and /embed?src=…&… (the page with the form).
var host = &site{}

type site struct {
	once   sync.Once
	server *httptest.Server
}

// URL starts the site unless it runs, and returns its origin.
func (s *site) URL() string {
	s.once.Do(func() {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /welcome", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Welcome</title><h1>Welcome</h1>`)
		})
		s.server = httptest.NewServer(mux)
	})
	return s.server.URL
}
