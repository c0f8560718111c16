package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

func recorded(t *testing.T, name string) record {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "workflows", "testdata", name))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	h, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return record{events: h.GetEvents()}
}

func TestActions(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]map[string]int{
		"v1_happy_email.json": {"start": 1, "update": 2, "activity": 2, "timer": 1, "local activities of a workflow task": 2},
		"v1_happy_sms.json":   {"start": 1, "update": 3, "activity": 3, "timer": 1, "local activities of a workflow task": 2},
		"v1_expired.json": {
			"start": 1, "update": 1, "activity": 2, "timer": 1, "local activities of a workflow task": 2, "search attributes": 1,
		},
		"v1_superseded.json": {
			"start": 1, "update": 1, "activity": 2, "timer": 1, "local activities of a workflow task": 1, "search attributes": 1, "signal": 1,
		},
	} {
		require.Equal(t, want, recorded(t, name).actions(), name)
	}
	require.Equal(t, 8, sum(recorded(t, "v1_happy_email.json").actions()))
	require.Equal(t, "a 2, b 1", listActions(map[string]int{"b": 1, "a": 2}))
}

func TestScript(t *testing.T) {
	t.Parallel()
	s := scriptOf(recorded(t, "v1_happy_sms.json"))
	require.Len(t, s.Local, 2)
	var queues []string
	for _, a := range s.Activities {
		queues = append(queues, a.Queue)
		require.Positive(t, a.In)
		require.Positive(t, a.Out)
	}
	require.Equal(t, []string{"notifications-low", "notifications-high", "notifications-low"}, queues)
	for _, n := range []int{s.Input, s.Result, s.Persisted, s.VerifyIn, s.VerifyOut, s.Local[0], s.Local[1]} {
		require.Positive(t, n)
	}
	require.Greater(t, s.Input, s.VerifyIn)
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	sms, email := recorded(t, "v1_happy_sms.json"), recorded(t, "v1_happy_email.json")
	require.Empty(t, differences(sms, sms))
	require.Contains(t, differences(sms, email), "ActivityTaskScheduled 3 and 2")
	require.Equal(t, 5, sms.tasks())
}
