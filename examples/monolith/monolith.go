package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
)

// monolith has what its requests need. The logger gets no personal data.
type monolith struct {
	users        *table
	events, gate verifier // each kind of request has secrets of its own
	registrarURL string
	verifying    chan struct{} // has one element for each password that is being verified
	log          *slog.Logger
}

// open opens the table, and reads the settings from the environment:
//
//	MONOLITH_DB      file of the database (default monolith.db)
//	EVENTS_SECRET    the secrets of events, as at Registrar
//	GATE_SECRET      the secrets of the gate, as at Registrar
//	REGISTRAR_URL    where people sign up; optional
func open(ctx context.Context, getenv func(string) string, log *slog.Logger) (*monolith, error) {
	m := &monolith{registrarURL: getenv("REGISTRAR_URL"), verifying: make(chan struct{}, runtime.NumCPU()), log: log}
	var err error
	if m.events, err = newVerifier(getenv("EVENTS_SECRET")); err != nil {
		return nil, fmt.Errorf("EVENTS_SECRET: %w", err)
	}
	if m.gate, err = newVerifier(getenv("GATE_SECRET")); err != nil {
		return nil, fmt.Errorf("GATE_SECRET: %w", err)
	}
	m.users, err = openTable(ctx, cmp.Or(getenv("MONOLITH_DB"), "monolith.db"))
	return m, err
}

// handler returns the monolith's routes. Registrar calls the first two.
func (m *monolith) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /events", m.receive)
	mux.HandleFunc("POST /gate", m.decide)
	mux.HandleFunc("POST /login", m.logIn)
	mux.HandleFunc("GET /{$}", m.showPage)
	mux.HandleFunc("GET /state.json", m.showState)
	return mux
}
