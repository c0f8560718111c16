package wiring_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
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
