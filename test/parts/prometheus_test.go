package parts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrometheusConfig(t *testing.T) {
	t.Parallel()
	config, err := prometheusConfig(map[string][]string{"api": {"127.0.0.1:1", "127.0.0.1:2"}})
	require.NoError(t, err)
	require.Contains(t, config, "- job_name: api\n    static_configs: [{targets: [\"127.0.0.1:1\",\"127.0.0.1:2\"]}]\n")
	require.Contains(t, config, "- job_name: temporal\n    static_configs: [{targets: []}]\n")
	require.NotContains(t, config, "dns_sd_configs")
	require.Contains(t, config, "\n  scrape_interval: 1s\n")
	require.Contains(t, config, "/deploy/prometheus/rules.yml]")

	_, err = prometheusConfig(map[string][]string{"missing": nil})
	require.ErrorContains(t, err, "no job missing")
}
