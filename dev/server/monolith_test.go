package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/test/parts"
)

// awaitUser waits until the monolith's table has one user with a status, or none if it is empty.
func awaitUser(t *testing.T, m *parts.Monolith, status string) (got parts.MonolithState) {
	t.Helper()
	require.NoError(t, parts.Await(t.Context(), 3*time.Minute, nil, func(ctx context.Context) (err error) {
		if got, err = m.State(ctx); err != nil {
			return err
		}
		if status == "" && len(got.Users) == 0 || len(got.Users) == 1 && got.Users[0].Status == status {
			return nil
		}
		return errors.New("the monolith has not received the change")
	}))
	return got
}

func requireLogin(t *testing.T, m *parts.Monolith, form openapi.RegistrationRequest, want int) {
	t.Helper()
	status, body, err := m.LogIn(t.Context(), form.Email, form.Password)
	require.NoError(t, err)
	require.Equal(t, want, status, body)
}

// TestMonolith runs examples/monolith beside the service, from the sign-up of a user to the login and to the end of the user.
func TestMonolith(t *testing.T) {
	t.Parallel()
	m := parts.StartMonolith(t)
	s := startService(t, m.Settings().Environ()...)

	refused := newFormWithoutNumber()
	refused.Email, refused.Locale = "ada@staff.example", "de"
	a := s.register(t, refused)
	problem := requireProblem(t, a, http.StatusUnprocessableEntity, openapi.ProblemCodeRefusedByPolicy)
	require.Equal(t, openapi.FieldErrorFieldEmail, problem.Errors[0].Field)
	require.Contains(t, problem.Errors[0].Message, "Beschäftigte")

	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	require.Equal(t, id, awaitUser(t, m, "pending_verification").Users[0].RegistrationID)
	requireLogin(t, m, form, http.StatusUnauthorized) // the address is not proven

	m.Kill()
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1)) // does not wait for the monolith
	require.NoError(t, m.Start())
	state := awaitUser(t, m, "active")
	require.Equal(t, s.get(t, id).UserID, state.Users[0].UserID)
	require.Zero(t, state.Counters.OutOfOrder)

	requireLogin(t, m, form, http.StatusOK)
	wrong := form
	wrong.Password += "?"
	requireLogin(t, m, wrong, http.StatusUnauthorized)

	user := "/v1/admin/users/" + state.Users[0].UserID
	for _, change := range []struct {
		action, status string
		want           int
	}{{"/block", "blocked", http.StatusForbidden}, {"/unblock", "active", http.StatusOK}} {
		a := s.mustCall(t, http.MethodPost, user+change.action, nil, "Authorization", "Bearer "+operatorToken)
		require.Equal(t, http.StatusOK, a.status, string(a.body))
		awaitUser(t, m, change.status)
		requireLogin(t, m, form, change.want)
	}
	a = s.mustCall(t, http.MethodDelete, user, nil, "Authorization", "Bearer "+operatorToken)
	require.Less(t, a.status, http.StatusMultipleChoices, string(a.body))
	state = awaitUser(t, m, "")
	requireLogin(t, m, form, http.StatusUnauthorized)
	require.Zero(t, state.Counters.OutOfOrder)
	require.Equal(t, 6, state.Counters.Applied) // registered, activated, email_confirmed, blocked, unblocked, erased
}
