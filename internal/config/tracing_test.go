package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
)

func TestTracing(t *testing.T) {
	t.Parallel()
	none := load(t).Tracing
	require.Equal(t, config.Tracing{SampleRatio: 1, TracedService: "registrar"}, none)
	headers, ok := none.Headers()
	require.True(t, ok)
	require.Empty(t, headers)
	headers, ok = load(t, "OTEL_EXPORTER_OTLP_HEADERS=api-key=a%20b, x-tenant = team=1,").Tracing.Headers()
	require.True(t, ok)
	require.Equal(t, map[string]string{"api-key": "a b", "x-tenant": "team=1"}, headers)
}
