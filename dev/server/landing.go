package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strconv"
)

// place is where a part of the service is to be found.
type place struct {
	Name    string
	Address string // a URL, or host:port
	About   string
	Link    bool
}

func (s *stack) listPlaces() []place {
	places := []place{
		{"Registrar", s.base, "the API, and this page", true},
		{"Outbox", s.base + "/outbox", "every SMS and email that would have been sent", true},
	}
	if s.uiPort != 0 {
		places = append(places, place{"Temporal UI", "http://localhost:" + strconv.Itoa(s.uiPort), "every registration, step by step", true})
	}
	return append(places,
		place{"API pages", s.base + "/docs", "try the API", true},
		place{"Data", s.data, "users, workflows, outbox and keys; delete the folder to begin anew", false})
}

//go:embed landing.html
var landingSource string

var landingTemplate = template.Must(template.New("landing").Parse(landingSource))

// landing is the page that says what runs where.
func landing(base string, places []place) http.Handler {
	var page bytes.Buffer
	data := struct {
		Base, Register string
		Places         []place
	}{base, registerAt(base), places}
	if err := landingTemplate.Execute(&page, data); err != nil {
		panic(err) // the template is part of the program
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		_, _ = w.Write(page.Bytes()) // a browser that went away needs no page
	})
}
