package main

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePage(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.deliver(t, "user.activated", 1, ada(func(u *user) { u.FirstName = "<b>Ada" }))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, nil)
	require.NoError(t, err)
	status, text := do(t, request)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "&lt;b&gt;Ada Lovelace")
	require.Contains(t, text, "applied</th><td>1")
	require.NotContains(t, text, "argon2")
}

func TestRunServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	settings := map[string]string{
		"MONOLITH_ADDR": "127.0.0.1:0", "MONOLITH_DB": filepath.Join(t.TempDir(), "monolith.db"),
		"EVENTS_SECRET": eventsSecret, "GATE_SECRET": gateSecret,
	}
	ctx, stop := context.WithCancel(t.Context())
	ready := writer(func(line string) {
		if strings.Contains(line, "ready") {
			stop()
		}
	})
	require.NoError(t, run(ctx, func(name string) string { return settings[name] }, slog.New(slog.NewTextHandler(ready, nil))))
	for name, part := range map[string]string{"MONOLITH_ADDR": "MONOLITH_ADDR", "EVENTS_SECRET": "EVENTS_SECRET", "GATE_SECRET": "GATE_SECRET"} {
		err := run(t.Context(), func(asked string) string {
			if asked == name {
				return "?"
			}
			return settings[asked]
		}, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, part)
	}
}

type writer func(line string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}
