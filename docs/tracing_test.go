package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
)

const tracingPage = "docs/tracing.md"

// TestTracingSettings loads the documented settings, with the documented headers in the file.
func TestTracingSettings(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "otlp_headers")
	require.NoError(t, os.WriteFile(file, []byte(block(t, tracingPage, "headers")), 0o600))
	settings := block(t, tracingPage, "settings")
	require.Contains(t, settings, "/run/secrets/otlp_headers")
	c, err := config.Load(strings.Fields(strings.ReplaceAll(settings, "/run/secrets/otlp_headers", file)))
	require.NoError(t, err)
	require.Equal(t, "https://collector.example.com:4318", c.Tracing.Endpoint)
	require.InDelta(t, 0.1, c.Tracing.SampleRatio, 0)
	require.Equal(t, "registrar-api", c.Tracing.TracedService)
	headers, ok := c.Tracing.Headers()
	require.True(t, ok)
	require.Equal(t, map[string]string{"api-key": "a key with spaces", "x-tenant": "registrar"}, headers)
}
