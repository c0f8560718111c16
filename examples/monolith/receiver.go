package main

import (
	"encoding/json"
	"net/http"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receive takes an event. Registrar sends an event until it gets a 2xx answer, so this one is sent only after the commit: a crash
// before it costs a second delivery, and no event.
func (m *monolith) receive(w http.ResponseWriter, r *http.Request) {
	body, err := m.events.read(w, r)
	if err != nil {
		m.log.Warn("an event was refused", "error", err)
		http.Error(w, "invalid signature", http.StatusUnauthorized)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.Data.RegistrationID == "" {
		http.Error(w, "not an event", http.StatusBadRequest)
		return
	}
	outcome, err := m.users.apply(r.Context(), r.Header.Get(webhooks.HeaderWebhookID), e)
	if err != nil {
		m.log.Error("an event was not applied; Registrar sends it again", "type", e.Type, "error", err)
		http.Error(w, "try again", http.StatusInternalServerError)
		return
	}
	m.log.Info("event", "type", e.Type, "registration", e.Data.RegistrationID, "sequence", e.Data.Sequence, "outcome", outcome)
	w.WriteHeader(http.StatusNoContent)
}
