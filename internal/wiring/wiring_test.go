package wiring_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"registrar/internal/config"
	"registrar/internal/event"
	"registrar/internal/wiring"
)

func TestRunRequiresItsVariables(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	for name, missing := range map[string]struct {
		err   error
		names []string
	}{
		"api":    {wiring.RunAPI(t.Context(), config.Config{}, logger), []string{"PRF_KEYSET", "PAYLOAD_KEYSET", "DATABASE_DSN"}},
		"worker": {wiring.RunWorker(t.Context(), config.Config{}, logger), []string{"PRF_KEYSET", "PAYLOAD_KEYSET", "DATABASE_DSN"}},
		"codec":  {wiring.RunCodec(t.Context(), config.Config{}, logger), []string{"PAYLOAD_KEYSET"}},
	} {
		for _, variable := range missing.names {
			require.ErrorContains(t, missing.err, variable+": is not set", name)
		}
	}
}

func TestEncryptedPayloadsAreNotCompressed(t *testing.T) {
	t.Parallel()
	o := wiring.Encrypted(client.Options{}, wiring.Keys{}, slog.New(slog.DiscardHandler))
	require.Equal(t, &client.GrpcCompressionNone{}, o.ConnectionOptions.GrpcCompression)
}

// TestOnlyNotificationsNeedProviders starts a worker without the settings of providers. It ends at its health address.
func TestOnlyNotificationsNeedProviders(t *testing.T) {
	t.Parallel()
	keys := newKeys(t)
	for queue, want := range map[string]string{
		"registration": "WORKER_HEALTH_ADDR: ", "notifications-high": "SMS_WEBHOOK_URL: is not set", "registration,notifications-low": "SMTP_HOST: is not set",
	} {
		c, err := config.Load([]string{
			"WORKER_QUEUES=" + queue, "PRF_KEYSET=" + keys.PRF, "PAYLOAD_KEYSET=" + keys.Payload, "DATABASE_DSN=registrar@tcp(127.0.0.1:1)/registrar",
			"EMAIL_PROVIDERS=smtp", "SMS_PROVIDERS=webhook", "WORKER_HEALTH_ADDR=invalid.invalid:1",
		})
		require.NoError(t, err)
		require.ErrorContains(t, wiring.RunWorker(t.Context(), c, slog.New(slog.DiscardHandler)), want, queue)
	}
}

func TestPasswordsBesideAddresses(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	for _, c := range []config.Database{
		{DSN: "registrar@tcp(127.0.0.1:1)/registrar", Password: "p@ss/w:rd"}, {DSN: "registrar:hush@tcp(127.0.0.1:1)/registrar"},
	} {
		users, err := wiring.OpenStore(c, event.Recording{}, logger)
		require.NoError(t, err)
		require.NoError(t, users.Close())
	}
	_, err := wiring.OpenStore(config.Database{DSN: "registrar:hush@tcp(127.0.0.1:1)/registrar", Password: "quiet"}, event.Recording{}, logger)
	require.EqualError(t, err, "DATABASE_DSN with DATABASE_PASSWORD: the account has a password already")

	keys, err := wiring.OpenKeys(newKeys(t))
	require.NoError(t, err)
	limits, err := wiring.OpenLimits(config.Limit{RedisURL: "redis://127.0.0.1:1", RedisPassword: "p@ss/w:rd"}, keys, logger)
	require.NoError(t, err)
	require.NoError(t, limits.Close())
	_, err = wiring.OpenLimits(config.Limit{RedisURL: "redis://:hush@127.0.0.1:1", RedisPassword: "quiet"}, keys, logger)
	require.EqualError(t, err, "LIMIT_REDIS_PASSWORD: LIMIT_REDIS_URL has a password already")
}
