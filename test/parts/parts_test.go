//go:build ops

package parts_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// site is the whole service with what it needs.
type site struct {
	parts.Surroundings
	database           *parts.MariaDB
	api, worker, codec *parts.Replica
	program            parts.Registrar
	settings           parts.Settings
}

func startSite(t *testing.T) *site {
	t.Helper()
	s := &site{program: parts.BuildRegistrar(t), database: parts.StartMariaDB(t)}
	require.NoError(t, s.database.Exec(t.Context(), "CREATE DATABASE registrar"))
	codec := parts.Loopback(parts.FreePort())
	s.Surroundings = parts.Surroundings{
		DSN: s.database.DSN("registrar"), Temporal: parts.StartTemporal(t, "http://"+codec),
		Mailgun: parts.StartMailgun(t), Twilio: parts.StartTwilio(t), Codec: codec,
	}
	s.settings = s.program.Settings(t, s.Surroundings)
	s.program.MigrateUp(t, s.settings)
	s.codec = s.program.StartCodec(t, s.settings)
	s.api = s.program.StartAPI(t, "api", s.settings)
	s.worker = s.program.StartWorker(t, "worker", s.settings)
	return s
}

// TestRegistration uses every part for a registration, before and after all servers were killed.
func TestRegistration(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	require.NoError(t, s.register(t.Context(), 0))
	s.database.Kill()
	s.Temporal.Kill()
	require.NoError(t, s.database.Start())
	require.NoError(t, s.Temporal.Start())
	require.NoError(t, s.api.AwaitReady())
	require.NoError(t, parts.Each(5, 2, func(i int) error { return s.register(t.Context(), 1+i) }))
	require.Equal(t, 6, s.Mailgun.Total())
	require.Equal(t, 12, s.Twilio.Total())

	require.NoError(t, s.worker.Stop())
	require.NoError(t, s.api.Stop())
	require.NoError(t, s.codec.Stop())
	require.NoError(t, s.Temporal.Stop())
	require.NoError(t, s.database.Stop())
}

// TestChangedVersion builds another version and checks the version that it prints.
func TestChangedVersion(t *testing.T) {
	t.Parallel()
	changed := parts.BuildChanged(t, "-ldflags=-X main.version=changed")
	said, err := changed.Run(t.Context(), nil, "version")
	require.NoError(t, err)
	require.Contains(t, said, "registrar changed (")
}

// register registers and verifies user i, and waits for the user's other messages.
func (s *site) register(ctx context.Context, i int) error {
	form, client := parts.UserForm(i), parts.NewClient(s.api.URL())
	registration, err := client.Register(ctx, form, "")
	if err != nil {
		return err
	}
	code, err := s.Twilio.Code(ctx, form.MobileNumber)
	if err != nil {
		return err
	}
	if _, err := client.Verify(ctx, registration, code); err != nil {
		return err
	}
	if err := client.AwaitStatus(ctx, registration, parts.StatusActive); err != nil {
		return err
	}
	return parts.Await(ctx, time.Minute, nil, func(context.Context) error {
		if s.Mailgun.Count(form.Email, "welcome") == 0 || len(s.Twilio.Messages(form.MobileNumber)) < 2 {
			return errors.New("the welcome or the completion is missing")
		}
		return nil
	})
}
