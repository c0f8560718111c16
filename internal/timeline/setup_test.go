package timeline

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"registrar/internal/engine"
	"registrar/internal/payload"
	"registrar/internal/secret"
	"registrar/workflows"
)

// now is the time of every test.
var now = time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC)

// readable converts what is not encrypted, as in the recorded histories.
func readable() Converters {
	dc := converter.GetDefaultDataConverter()
	return Converters{Data: dc, Failure: payload.FailureConverter(dc)}
}

// encrypting converts as the service does, with a key of its own.
func encrypting(t *testing.T) Converters {
	t.Helper()
	text, err := secret.GenerateAEAD()
	require.NoError(t, err)
	handle, err := secret.ParseAEAD(text)
	require.NoError(t, err)
	codec, err := payload.NewCodec(handle, payload.LegacyRefuse)
	require.NoError(t, err)
	dc := payload.DataConverter(codec.Lenient())
	return Converters{Data: dc, Failure: payload.FailureConverter(dc)}
}

// recorded is a history that the workflows' replay tests keep.
func recorded(t *testing.T, scenario string) []*history.HistoryEvent {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "workflows", "testdata", "v[0-9]_"+scenario+".json"))
	require.NoError(t, err)
	require.Len(t, paths, 1, "recorded in one version")
	file, err := os.Open(paths[0])
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	h, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return h.GetEvents()
}

// recordedStart returns when the registration of a recorded history started.
func recordedStart(t *testing.T, scenario string) time.Time {
	t.Helper()
	return recorded(t, scenario)[0].GetEventTime().AsTime()
}

// recordedInput returns the input of the registration of a recorded history.
func recordedInput(t *testing.T, scenario string) workflows.RegistrationInput {
	t.Helper()
	var in workflows.RegistrationInput
	require.True(t, readable().read(recorded(t, scenario)[0].GetWorkflowExecutionStartedEventAttributes().GetInput(), &in))
	return in
}

// scenarios are the recorded scenarios of registrations.
func scenarios(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "workflows", "testdata", "v1_*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for i, path := range paths {
		paths[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "v1_"), ".json")
	}
	return slices.DeleteFunc(paths, func(scenario string) bool { return strings.HasPrefix(scenario, "campaign_") })
}

func run(id string, events []*history.HistoryEvent) engine.Run {
	return engine.Run{ID: id, Events: events}
}

// line is an entry without its time and ids, for comparison.
func line(e Entry) string {
	words := []string{string(e.Event)}
	for _, word := range []string{e.Step, e.Provider, e.Code, e.Reason} {
		if word != "" {
			words = append(words, word)
		}
	}
	if e.Attempt > 0 {
		words = append(words, fmt.Sprintf("#%d", e.Attempt))
	}
	if e.By != "" {
		words = append(words, "by "+e.By)
	}
	if e.Detail != "" {
		words = append(words, "("+e.Detail+")")
	}
	return strings.Join(words, " ")
}

func lines(entries []Entry) []string {
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = line(e)
	}
	return all
}
