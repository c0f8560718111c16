package main

import (
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// stack returns a sample with the functions of its stack, innermost first.
func stack(value int64, functions ...string) *profile.Sample {
	s := &profile.Sample{Value: []int64{1, value}}
	for _, name := range functions {
		s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
	}
	return s
}

func TestAttribute(t *testing.T) {
	t.Parallel()
	p := &profile.Profile{Sample: []*profile.Sample{
		stack(20, "runtime.scanobject", "runtime.gcBgMarkWorker"),
		stack(10, "runtime.gcAssistAlloc", "registrar/api.(*server).start"),
		stack(30, "modernc.org/sqlite.exec", "go.temporal.io/server/common/persistence.insert", "google.golang.org/grpc.(*Server).serve"),
		stack(5, "modernc.org/sqlite.exec", "registrar/internal/store.(*Store).do", "registrar/activities.(*Activities).PersistUser"),
		stack(15, "google.golang.org/grpc.Invoke", "go.temporal.io/sdk/internal.update", "registrar/api.(*server).start", "net/http.(*conn).serve"),
		stack(10, "registrar/workflows.RegistrationWorkflow", "go.temporal.io/sdk/internal.run"),
		stack(4, "google.golang.org/grpc/internal/transport.(*loopyWriter).run"),
		stack(6, "runtime.futex"),
	}}
	require.Equal(t, map[string]float64{
		"gc": 0.3, "temporal": 0.3, "worker-store": 0.05, "api": 0.15, "worker": 0.1, "grpc": 0.04, "rest": 0.06,
	}, attribute(p))
	require.Empty(t, attribute(&profile.Profile{}))
}
