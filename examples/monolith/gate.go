package main

import (
	"encoding/json"
	"net/http"
	"strings"
)

// question is what Registrar asks before it stores anything about a user (docs/gate.md).
type question struct {
	Data struct {
		User struct {
			Email string `json:"email"`
		} `json:"user"`
	} `json:"data"`
}

// decision is the answer.
type decision struct {
	Decision string            `json:"decision"`        // allow or deny
	Code     string            `json:"code,omitempty"`  // for programs
	Field    string            `json:"field,omitempty"` // of the form
	Texts    map[string]string `json:"texts,omitempty"` // for the person, by language
}

// deniedDomain is a domain of emails that may not sign up: these people have an account by another way.
const deniedDomain = "staff.example"

var denial = decision{
	Decision: "deny", Code: "staff", Field: "email",
	Texts: map[string]string{
		"en": "Employees do not sign up here. Your account comes with your contract.",
		"de": "Beschäftigte registrieren sich hier nicht. Ihr Konto kommt mit Ihrem Vertrag.",
		"ar": "لا يسجّل الموظفون هنا. حسابك يأتي مع عقدك.",
	},
}

// decide decides whether a person may sign up. The person waits for the answer, so it must come at once, from what is known here.
// Registrar asks at most once for each registration, unless it gets no answer. Being asked does not mean that there is a user
// afterwards: an event tells that.
func (m *monolith) decide(w http.ResponseWriter, r *http.Request) {
	body, err := m.gate.read(w, r)
	if err != nil {
		m.log.Warn("a question was refused", "error", err)
		http.Error(w, "invalid signature", http.StatusUnauthorized)
		return
	}
	var q question
	if err := json.Unmarshal(body, &q); err != nil {
		http.Error(w, "not a question", http.StatusBadRequest)
		return
	}
	d := decision{Decision: "allow"}
	if strings.HasSuffix(strings.ToLower(q.Data.User.Email), "@"+deniedDomain) {
		d = denial
	}
	m.log.Info("gate", "decision", d.Decision, "code", d.Code)
	answer(w, http.StatusOK, d)
}
