package main

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// state is what the page and /state.json show. It has personal data: a real monolith shows it only to its operators.
type state struct {
	Registrar string          `json:"-"`
	Counters  map[outcome]int `json:"counters"` // deliveries by outcome
	Users     []row           `json:"users"`
}

func (m *monolith) state(r *http.Request) (s state, err error) {
	s.Registrar = m.registrarURL
	if s.Counters, err = m.users.counters(r.Context()); err != nil {
		return s, err
	}
	s.Users, err = m.users.list(r.Context())
	return s, err
}

// showPage shows the users, the counters and the form to log in.
func (m *monolith) showPage(w http.ResponseWriter, r *http.Request) {
	s, err := m.state(r)
	if err == nil {
		err = pageTemplate.Execute(w, s)
	}
	if err != nil {
		m.log.Error("the page was not shown", "error", err)
		http.Error(w, "try again", http.StatusInternalServerError)
	}
}

// showState answers with the same as JSON.
func (m *monolith) showState(w http.ResponseWriter, r *http.Request) {
	s, err := m.state(r)
	if err != nil {
		m.log.Error("the state was not shown", "error", err)
		http.Error(w, "try again", http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, s)
}

// answer writes JSON. An error means that the client is gone.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
