//go:build ops

package monitoring_test

import (
	"math"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// empty are the panels without data from this run, with the reason.
var empty = map[string]string{
	"Certificates expire in":           "no process has a certificate here",
	"Synced database nodes":            "there is one MariaDB without HAProxy",
	"Writer":                           "there is one MariaDB without HAProxy",
	"Sessions by node":                 "there is one MariaDB without HAProxy",
	"Temporal servers":                 "dev's Temporal server has no metrics",
	"Requests to Temporal":             "dev's Temporal server has no metrics",
	"Time of Temporal to answer, p95":  "dev's Temporal server has no metrics",
	"Time of Temporal's database, p95": "dev's Temporal server has no metrics",
}

// TestBoard runs each query of the board over the time of the run.
func TestBoard(t *testing.T) {
	t.Parallel()
	for _, p := range board(t) {
		found := 0
		for _, target := range p.Targets {
			result, err := shared.over(t.Context(), selected(target.Expr))
			require.NoError(t, err, p.Title)
			require.NotContains(t, selected(target.Expr), "$", "a variable that the test does not know")
			found += len(numbers(result))
		}
		if p.Type != "row" && empty[p.Title] == "" {
			require.Positive(t, found, "%s has no data", p.Title)
		} else {
			require.Zero(t, found, "%s has data", p.Title)
		}
	}
}

// numbers returns the values of a result, without those that divide by 0.
func numbers(m model.Matrix) (all []float64) {
	for _, series := range m {
		for _, pair := range series.Values {
			if v := float64(pair.Value); !math.IsNaN(v) {
				all = append(all, v)
			}
		}
	}
	return all
}

// TestNumbers compares what panels show at the end of the run with what has happened.
func TestNumbers(t *testing.T) {
	t.Parallel()
	want := shared.counts
	for title, limits := range map[string][2]float64{
		"API replicas":          {1, 1},
		"Workers":               {4, 4},
		"Started, last hour":    {float64(want.started) * 0.9, float64(want.started) * 1.2}, // Prometheus extrapolates
		"Active, last hour":     {float64(want.active) * 0.9, float64(want.active) * 1.2},
		"Conversion, last hour": {0.5, 1.3},
		"POST → 201, p95":       {0.001, 10},
		"Code handed over, p95": {0.001, 10},
		"Alerts that fire":      {1, 10},
	} {
		value := float64(valueOf(t, title))
		require.GreaterOrEqual(t, value, limits[0], title)
		require.LessOrEqual(t, value, limits[1], title)
	}
	for country, n := range want.byCountry {
		requireSum(t, n, `registrar_codes_sent_total{channel="sms",provider="twilio",country="`+country+`"}`)
	}
	requireSum(t, want.started, `registrar_registrations_started_total`)
	requireSum(t, want.active, `registrar_registrations_total{outcome="active"}`)
	requireSum(t, want.rejected, `registrar_registrations_total{outcome="rejected"}`)
	requireSum(t, unlucky, `registrar_steps_parked_total{reason="sms_unavailable"}`)
	requireSum(t, want.accepted, `registrar_http_request_duration_seconds_count{operation="createRegistration",code=~"201|202"}`)
	requireSum(t, want.accepted-unlucky, `registrar_code_handover_seconds_count`)
	requireSum(t, 1, `registrar_limit_refusals_total{limit="client"}`)
	requireSum(t, unlucky, `registrar_gate_answers_total{answer="away_open"}`)
}

// valueOf returns what a panel with one number shows now.
func valueOf(t *testing.T, title string) model.SampleValue {
	t.Helper()
	for _, p := range board(t) {
		if p.Title == title {
			result, err := shared.ask(t.Context(), selected(p.Targets[0].Expr))
			require.NoError(t, err)
			require.Len(t, result, 1, title)
			return result[0].Value
		}
	}
	require.Fail(t, "there is no panel "+title)
	return 0
}

// requireSum checks the sum of a counter over all processes.
func requireSum(t *testing.T, want int, counter string) {
	t.Helper()
	result, err := shared.ask(t.Context(), "sum("+counter+")")
	require.NoError(t, err)
	require.Len(t, result, 1, "there is no %s", counter)
	require.InDelta(t, float64(want), float64(result[0].Value), 0.1, counter)
}
