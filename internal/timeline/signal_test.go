package timeline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"registrar/internal/engine"
	"registrar/workflows"
)

// events makes a history of events as JSON, a second apart.
func events(t *testing.T, begin time.Time, texts ...string) []*history.HistoryEvent {
	t.Helper()
	var all []*history.HistoryEvent
	for i, text := range texts {
		event := &history.HistoryEvent{}
		require.NoError(t, protojson.Unmarshal([]byte(text), event))
		event.EventId, event.EventTime = int64(i+1), timestamppb.New(begin.Add(time.Duration(i)*time.Second))
		all = append(all, event)
	}
	return all
}

const (
	startedEvent   = `{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":{"identity":"api"}}`
	taskScheduled  = `{"eventType":"EVENT_TYPE_WORKFLOW_TASK_SCHEDULED","workflowTaskScheduledEventAttributes":{}}`
	retryByBatch   = `{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED","workflowExecutionSignaledEventAttributes":{"signalName":"retry","identity":"batch-of-ops"}}`
	terminatedByMe = `{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED","workflowExecutionTerminatedEventAttributes":{"identity":"me@ops","reason":"a test"}}`
	resetOfFirst   = `{"eventType":"EVENT_TYPE_WORKFLOW_TASK_FAILED","workflowTaskFailedEventAttributes":{"cause":"WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW",
		"failure":{"message":"provider mended","resetWorkflowFailureInfo":{}},"identity":"history-service","baseRunId":"first","newRunId":"second"}}`
)

func TestOperators(t *testing.T) {
	t.Parallel()
	h := events(t, now,
		startedEvent, retryByBatch,
		`{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED","workflowExecutionSignaledEventAttributes":{"signalName":"abandon","identity":"me@ops",
			"input":{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"ImEgdGVzdCI="}]}}}`,
		`{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED","workflowExecutionSignaledEventAttributes":{"signalName":"hurry","identity":"me@ops"}}`,
		`{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED","workflowExecutionCancelRequestedEventAttributes":{"identity":"me@ops","cause":"asked to"}}`,
		`{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED","workflowExecutionPausedEventAttributes":{"identity":"me@ops","reason":"wait"}}`,
		`{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED","workflowExecutionUnpausedEventAttributes":{"identity":"me@ops","reason":"go on"}}`,
		`{"eventType":"EVENT_TYPE_WORKFLOW_TASK_FAILED","workflowTaskFailedEventAttributes":{"cause":"WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR"}}`,
		`{"eventType":"EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT","workflowTaskTimedOutEventAttributes":{"timeoutType":"TIMEOUT_TYPE_SCHEDULE_TO_START"}}`,
		`{"eventType":"EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT","workflowTaskTimedOutEventAttributes":{"timeoutType":"TIMEOUT_TYPE_START_TO_CLOSE"}}`,
		`{"eventType":"EVENT_TYPE_NEXUS_OPERATION_STARTED"}`,
		terminatedByMe)
	require.Equal(t, []string{
		"accepted by api", "retry by batch-of-ops", "abandon a test by me@ops", "signal hurry by me@ops",
		"cancel_requested asked to by me@ops", "paused wait by me@ops", "unpaused go on by me@ops",
		"workflow_task_failed NonDeterministicError", "workflow_task_timed_out StartToClose", "terminated a test by me@ops",
	}, lines(fromRun(run("run", h), readable())))
}

// TestReset translates two runs in either order: the events that both have are listed once, as the first run's.
func TestReset(t *testing.T) {
	t.Parallel()
	first := events(t, now, startedEvent, taskScheduled, retryByBatch, terminatedByMe)
	second := events(t, now, startedEvent, taskScheduled)
	second = append(second, events(t, now.Add(time.Hour), startedEvent, taskScheduled, resetOfFirst, retryByBatch, taskScheduled, retryByBatch)[2:]...)
	want := []string{
		"accepted by api", "retry by batch-of-ops", "terminated a test by me@ops",
		"reset provider mended by history-service (of run first)",
		"retry by batch-of-ops (reapplied by the reset)", "retry by batch-of-ops",
	}
	for _, runs := range [][]engine.Run{{run("first", first), run("second", second)}, {run("second", second), run("first", first)}} {
		entries := fromRuns(runs, readable())
		require.Equal(t, want, lines(entries))
		require.Equal(t, "first", entries[0].RunID)
		require.Equal(t, "second", entries[3].RunID)
	}
	alone := lines(fromRuns([]engine.Run{run("second", second)}, readable()))
	require.Equal(t, append([]string{want[0]}, want[3:]...), alone, "the first run may be deleted")
}

// TestResetAfterTheCode resets to the comparison of a code: the second run has the result.
func TestResetAfterTheCode(t *testing.T) {
	t.Parallel()
	const entered = `{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED","workflowExecutionUpdateAcceptedEventAttributes":
		{"protocolInstanceId":"1","acceptedRequest":{"input":{"name":"verify"}}}}`
	const right = `{"eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED","workflowExecutionUpdateCompletedEventAttributes":{"acceptedEventId":"2",
		"outcome":{"success":{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"eyJBY3RpdmUiOnRydWV9"}]}}}}`
	first := events(t, now, startedEvent, entered, terminatedByMe)
	second := events(t, now, startedEvent, entered, resetOfFirst, right)
	second[2].EventTime, second[3].EventTime = timestamppb.New(now.Add(time.Hour)), timestamppb.New(now.Add(2*time.Hour))
	require.Equal(t, "code_entered", line(fromRun(run("first", first), readable())[1]))
	require.Equal(t, []string{"accepted by api", "code_right", "terminated a test by me@ops", "reset provider mended by history-service (of run first)"},
		lines(fromRuns([]engine.Run{run("first", first), run("second", second)}, readable())))
}

func TestCodeThatCameTooLate(t *testing.T) {
	t.Parallel()
	h := recorded(t, "happy_email")
	for _, event := range h {
		if a := event.GetWorkflowExecutionUpdateCompletedEventAttributes(); a != nil {
			a.Outcome.Value = nil
		}
	}
	require.Contains(t, lines(fromRun(run("run", h), readable())), "code_entered ("+undecodable+")")
}

// TestFailureDetails checks the reason and detail of failures, and that no personal data is among them.
func TestFailureDetails(t *testing.T) {
	t.Parallel()
	c := encrypting(t)
	withPersonalData := temporal.NewApplicationErrorWithCause("ada@example.com", string(workflows.ReasonInternal), errUnavailable)
	for name, tt := range map[string]struct {
		failure *failure.Failure
		want    string
	}{
		"none":   {nil, "step_failed"},
		"empty":  {&failure.Failure{Message: "ada@example.com"}, "step_failed"},
		"defect": {c.Failure.ErrorToFailure(withPersonalData), "step_failed internal_error"},
		"other":  {c.Failure.ErrorToFailure(temporal.NewApplicationError("ada@example.com", "wrapError")), "step_failed wrapError"},
		"database": {
			c.Failure.ErrorToFailure(temporal.NewApplicationErrorWithCause("…", string(workflows.ReasonDatabaseUnavailable), errUnavailable)),
			"step_failed database_unavailable (no connection)",
		},
		"timeout": {
			c.Failure.ErrorToFailure(temporal.NewTimeoutError(enums.TIMEOUT_TYPE_START_TO_CLOSE, nil)), "step_failed timeout StartToClose",
		},
		"panic": {
			&failure.Failure{Message: "ada@example.com", FailureInfo: &failure.Failure_ApplicationFailureInfo{
				ApplicationFailureInfo: &failure.ApplicationFailureInfo{Type: "PanicError"},
			}}, "step_failed internal_error",
		},
		"strange details": {
			&failure.Failure{FailureInfo: &failure.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failure.ApplicationFailureInfo{
				Type: "sms_unavailable", Details: &common.Payloads{Payloads: []*common.Payload{nil, {}}},
			}}}, "step_failed sms_unavailable",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, line(c.addFailure(Entry{Event: EventStepFailed}, tt.failure)))
		})
	}
}
