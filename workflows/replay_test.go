package workflows

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/tracing"
)

// histories returns the recorded histories by file name. A history stays as long as registrations that such code started may
// run.
func histories(t *testing.T) map[string]*history.History {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, paths, "no history is recorded: run task record")
	all := map[string]*history.History{}
	for _, path := range paths {
		file, err := os.Open(path)
		require.NoError(t, err)
		all[filepath.Base(path)], err = client.HistoryFromJSON(file, client.HistoryJSONOptions{})
		require.NoError(t, err, path)
		require.NoError(t, file.Close())
	}
	return all
}

// replay runs the current code against a history. Its error names the first difference.
func replay(h *history.History, interceptors ...interceptor.WorkerInterceptor) error {
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{Interceptors: interceptors})
	if err != nil {
		return err
	}
	replayer.RegisterWorkflowWithOptions(RegistrationWorkflow, workflow.RegisterOptions{Name: RegistrationWorkflowType})
	replayer.RegisterWorkflowWithOptions(EmailLinkWorkflow, workflow.RegisterOptions{Name: EmailLinkWorkflowType})
	replayer.RegisterWorkflowWithOptions(CampaignWorkflow, workflow.RegisterOptions{Name: CampaignWorkflowType})
	replayer.RegisterWorkflowWithOptions(UserChangeWorkflow, workflow.RegisterOptions{Name: UserChangeWorkflowType})
	replayer.RegisterWorkflowWithOptions(RetentionWorkflow, workflow.RegisterOptions{Name: RetentionWorkflowType})
	replayer.RegisterWorkflowWithOptions(EventDeliveryWorkflow, workflow.RegisterOptions{Name: EventDeliveryWorkflowType})
	replayer.RegisterWorkflowWithOptions(EventSweepWorkflow, workflow.RegisterOptions{Name: EventSweepWorkflowType})
	options := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: workflowID(h)}}
	return replayer.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), h, options)
}

// workflowID returns the id of a history's workflow, which only the input has.
func workflowID(h *history.History) string {
	started := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	dc := converter.GetDefaultDataConverter()
	switch started.GetWorkflowType().GetName() {
	case CampaignWorkflowType:
		var in CampaignInput
		_ = dc.FromPayloads(started.GetInput(), &in) // the workflow reports a bad input itself
		return CampaignWorkflowID(in.ID)
	case EmailLinkWorkflowType:
		var in EmailLinkInput
		_ = dc.FromPayloads(started.GetInput(), &in)
		return EmailLinkWorkflowID(in.Action, in.RegistrationID)
	case UserChangeWorkflowType:
		var in UserChangeInput
		_ = dc.FromPayloads(started.GetInput(), &in)
		return UserChangeWorkflowID(in.UserID, in.ChangeID)
	case EventDeliveryWorkflowType:
		var in EventDeliveryInput
		_ = dc.FromPayloads(started.GetInput(), &in)
		return EventDeliveryWorkflowID(in.ID)
	case RetentionWorkflowType:
		return RetentionScheduleID
	case EventSweepWorkflowType:
		return EventSweepScheduleID
	default:
		var in RegistrationInput
		_ = dc.FromPayloads(started.GetInput(), &in)
		return RegistrationWorkflowID(in.RegistrationID)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	for name, h := range histories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replay(h))
		})
	}
}

// TestReplayWithTraces replays the histories in a process that exports traces.
func TestReplayWithTraces(t *testing.T) {
	t.Parallel()
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	traces, err := tracing.Open(tracing.Options{Endpoint: collector.URL, Ratio: 1, Service: "registrar", Logger: slog.Default()})
	require.NoError(t, err)
	t.Cleanup(func() { traces.Close(); collector.Close() })
	var interceptors []interceptor.WorkerInterceptor
	for _, each := range traces.Interceptors() {
		interceptors = append(interceptors, each.(interceptor.WorkerInterceptor))
	}
	for name, h := range histories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replay(h, interceptors...))
		})
	}
}

// TestReplayDetectsAChange alters one command of each history that has an activity.
func TestReplayDetectsAChange(t *testing.T) {
	t.Parallel()
	altered := 0
	for name, h := range histories(t) {
		for _, event := range h.GetEvents() {
			scheduled := event.GetActivityTaskScheduledEventAttributes()
			if scheduled == nil {
				continue
			}
			scheduled.ActivityType.Name += "ByPost"
			require.ErrorContains(t, replay(h), "nondeterministic workflow", name)
			altered++
			break
		}
	}
	require.NotZero(t, altered, "no history has an activity")
}
