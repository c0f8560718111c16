package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGate(t *testing.T) {
	t.Parallel()
	s := start(t)
	for email, want := range map[string]decision{
		"ada@example.com":       {Decision: "allow"},
		"ada@staff.example":     denial,
		"Ada@Staff.Example":     denial,
		"ada@not-staff.example": {Decision: "allow"},
	} {
		var q question
		q.Data.User.Email = email
		status, answer := s.post(t, "/gate", "gate_1", q)
		require.Equal(t, http.StatusOK, status)
		var got decision
		require.NoError(t, json.Unmarshal([]byte(answer), &got))
		require.Equal(t, want, got, email)
	}
}

func TestTheGateAnswersOnlyRegistrar(t *testing.T) {
	t.Parallel()
	s := start(t)
	status, _ := s.postSigned(t, "/gate", "gate_1", question{}, eventsSecret, time.Now())
	require.Equal(t, http.StatusUnauthorized, status)
	status, _ = s.post(t, "/gate", "gate_1", "text")
	require.Equal(t, http.StatusBadRequest, status)
}
