//go:build ops

package monitoring_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// unseen are the selectors without a series in this run, with the reason.
var unseen = map[string]string{
	`registrar_certificate_expiry_timestamp_seconds`:                                                 "no process has a certificate here",
	`registrar_http_request_duration_seconds_count{operation="createRegistration",code="202"}`:       "the database confirms in time",
	`registrar_http_request_duration_seconds_count{code=~"5..",operation!~"getHealth|getReadiness"}`: "nothing fails",
	`temporal_request_failure_total{status_code=~"UNAVAILABLE|DEADLINE_EXCEEDED"}`:                   "Temporal is well",
	`temporal_workflow_task_execution_failed_total`:                                                  "no workflow task fails",
}

// TestSelectorsFindSeries checks that no name, label or value of a label is misspelled.
func TestSelectorsFindSeries(t *testing.T) {
	t.Parallel()
	for _, selector := range selectors(t) {
		result, err := shared.over(t.Context(), selector)
		require.NoError(t, err)
		if unseen[selector] == "" {
			require.NotEmpty(t, result, "%s finds nothing", selector)
		}
	}
}
