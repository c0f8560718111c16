package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

// location is the address of a part of the service.
type location struct {
	Name    string
	Address string // a URL, host:port or a folder
	About   string
	IsURL   bool
}

func (s *stack) listLocations() []location {
	locations := []location{
		{"Registrar", s.base, "the API, and this page", true},
		{"Outbox", s.base + "/outbox", "every SMS and email, shown instead of sent", true},
	}
	if ui := s.uiURL(); ui != "" {
		locations = append(locations, location{"Temporal UI", ui, "every registration, step by step", true})
	}
	return append(locations,
		location{"API pages", s.base + "/docs", "try the API", true},
		location{"Data", s.data, "users, workflows, outbox and keys; delete the folder to start over", false})
}

//go:embed landing.html
var landingSource string

var landingTemplate = template.Must(template.New("landing").Parse(landingSource))

// landing serves a page that lists all locations.
func landing(base string, locations []location) http.Handler {
	var page bytes.Buffer
	data := struct {
		Base, Register string
		Locations      []location
	}{base, registerAt(base), locations}
	if err := landingTemplate.Execute(&page, data); err != nil {
		panic(err) // the template is part of the program
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		_, _ = w.Write(page.Bytes()) // it fails only if the browser has disconnected
	})
}
