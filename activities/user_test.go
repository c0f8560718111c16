package activities_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/user"
	"registrar/workflows"
)

var errStore = errors.New("persist user: lock wait timeout exceeded")

func requireDatabaseError(t *testing.T, err error) {
	t.Helper()
	app := applicationError(t, err)
	require.Equal(t, string(workflows.ReasonDatabaseUnavailable), app.Type())
	require.False(t, app.NonRetryable())
	require.Zero(t, app.NextRetryDelay())
}

func TestPersistUser(t *testing.T) {
	t.Parallel()
	in := workflows.PersistInput{Registration: user.Registration{
		ID: "r-1", Profile: user.Profile{FirstName: firstName, Email: emailAddress},
		PasswordHash: "$argon2id$…", RequestedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}}
	stored := user.Persisted{UserID: "u-1", Status: user.StatusPending, Contested: true}

	t.Run("stored", func(t *testing.T) {
		t.Parallel()
		f := setup(t)
		f.users.persist = func(_ context.Context, r user.Registration) (user.Persisted, error) {
			require.Equal(t, in.Registration, r)
			return stored, nil
		}
		out, err := run(t, f, f.steps.PersistUser, in)
		require.NoError(t, err)
		require.Equal(t, workflows.PersistResult{Persisted: stored}, out)
	})
	for _, rule := range []*user.Error{user.ErrEmailTaken, user.ErrUsernameTaken} {
		t.Run(string(rule.Code), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.users.persist = func(context.Context, user.Registration) (user.Persisted, error) {
				return user.Persisted{}, fmt.Errorf("persist user: %w", rule)
			}
			out, err := run(t, f, f.steps.PersistUser, in)
			require.NoError(t, err)
			require.Equal(t, workflows.PersistResult{Refusal: rule.Code}, out)
		})
	}
	t.Run("database", func(t *testing.T) {
		t.Parallel()
		f := setup(t)
		f.users.persist = func(context.Context, user.Registration) (user.Persisted, error) { return user.Persisted{}, errStore }
		_, err := run(t, f, f.steps.PersistUser, in)
		requireDatabaseError(t, err)
		require.ErrorContains(t, err, "lock wait timeout")
		requireImpersonal(t, err)
	})
}

func TestActivateUser(t *testing.T) {
	t.Parallel()
	in := workflows.ActivateInput{Activation: user.Activation{
		Registration: user.Registration{ID: "r-1"}, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Mobile: mobileNumber,
	}}
	for name, c := range map[string]struct {
		err  error
		want workflows.ActivateResult
		ok   bool
	}{
		"activated":  {nil, workflows.ActivateResult{}, true},
		"displaced":  {nil, workflows.ActivateResult{Displaced: user.Displaced{Superseded: []string{"r-2"}, Released: []string{"r-3"}}}, true},
		"superseded": {fmt.Errorf("activate user: %w", user.ErrSuperseded), workflows.ActivateResult{Superseded: true}, true},
		"database":   {errStore, workflows.ActivateResult{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.users.activate = func(_ context.Context, a user.Activation) (user.Displaced, error) {
				require.Equal(t, in.Activation, a)
				return c.want.Displaced, c.err
			}
			out, err := run(t, f, f.steps.ActivateUser, in)
			require.Equal(t, c.want, out)
			if c.ok {
				require.NoError(t, err)
				return
			}
			requireDatabaseError(t, err)
			requireImpersonal(t, err)
		})
	}
}

func TestExpireUser(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for reason, in := range map[string]workflows.ExpireInput{
		event.ReasonNotVerified: {RegistrationID: "r-1"},
		event.ReasonCancelled:   {RegistrationID: "r-1", Cancelled: true},
	} {
		f.users.expire = func(_ context.Context, id, why string) (int, error) {
			require.Equal(t, []string{"r-1", reason}, []string{id, why})
			return 2, nil
		}
		f.newAttempt()
		out, err := run(t, f, f.steps.ExpireUser, in)
		require.NoError(t, err)
		require.Equal(t, 2, out.Announced)
	}

	f.users.expire = func(context.Context, string, string) (int, error) { return 0, errStore }
	f.newAttempt()
	_, err := run(t, f, f.steps.ExpireUser, workflows.ExpireInput{RegistrationID: "r-1"})
	requireDatabaseError(t, err)
}

func TestRecordEvent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	in := workflows.RecordEventInput{RegistrationID: "r-1", Type: event.RegistrationFailed, Reason: "sms_unavailable"}
	for _, failure := range []error{nil, errStore} {
		f.users.recordEvent = func(_ context.Context, id string, et event.Type, reason string) (int, error) {
			require.Equal(t, in, workflows.RecordEventInput{RegistrationID: id, Type: et, Reason: reason})
			return 3, failure
		}
		f.newAttempt()
		out, err := run(t, f, f.steps.RecordEvent, in)
		if failure != nil {
			requireDatabaseError(t, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, 3, out.Announced)
	}
}
