package timeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/workflows"
)

func TestParkedAndRetried(t *testing.T) {
	t.Parallel()
	entries := fromRun(run("run", recorded(t, "parked_and_retried")), readable())
	told := lines(entries)
	// The budget ends during the last attempt or before the next one.
	require.Regexp(t, `^step_started SendOTP sms_unavailable #[45] \(the previous attempt failed: the provider could not be reached\)$`, told[7])
	require.Regexp(t, `^step_(failed|timed_out) SendOTP sms_unavailable #[45] \(the provider could not be reached\)$`, told[8])
	require.Equal(t, []string{
		"accepted by worker (Registration with a mobile number)",
		"step_completed PersistUser #1",
		"step_scheduled SendWelcomeEmail (send the welcome email)",
		"timer_started wait for the verification",
		"step_scheduled SendOTP (send code 1 by sms)",
		"step_started SendWelcomeEmail #1",
		"step_completed SendWelcomeEmail outbox #1",
		told[7],
		told[8],
		"status_changed sms_unavailable (failed)",
		"parked wait for an operator: send the code",
		"retry by worker",
		"status_changed (accepted)",
		"step_scheduled SendOTP (send code 1 by sms)",
		"step_started SendOTP #1",
		"step_completed SendOTP outbox #1",
		"code_right",
		"timer_canceled wait for an operator: send the code",
		"step_completed ActivateUser #1",
		"step_scheduled SendCompletionSMS (send the completion SMS)",
		"step_started SendCompletionSMS #1",
		"step_completed SendCompletionSMS outbox #1",
		"run_completed (active)",
	}, told)
	first, window, taken := entries[0], entries[3], entries[6]
	require.Equal(t, Entry{
		At: recordedStart(t, "parked_and_retried"), Source: SourceWorkflow, Event: EventAccepted,
		By: "worker", Detail: "Registration with a mobile number", RunID: "run", EventID: 1,
	}, first)
	require.Equal(t, window.At.Add(24*time.Hour), window.Until)
	require.NotEmpty(t, taken.MessageID)
}

// TestScenarios checks the characteristic entries of each recorded scenario.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string][]string{
		"happy_sms":        {"code_wrong (4 attempts left)", "code_right", "run_completed (active)"},
		"happy_email":      {"accepted by worker (Registration without a mobile number)", "code_right"},
		"corrected_number": {"code_requested (to another number)", "step_scheduled SendOTP (send code 2 by sms)"},
		"expired":          {"timer_fired wait for the verification", "status_changed (expired)", "run_completed (expired)"},
		"rejected":         {"step_completed PersistUser username_taken #1", "run_completed username_taken (rejected)"},
		"stored_late":      {"step_failed PersistUser timeout ScheduleToClose #1", "step_completed PersistUser #1"},
		"proven_first":     {"replaced (" + displaced(t) + ")"},
		"events_failed": {
			"step_completed RecordEvent #1", "step_scheduled DeliverEvents (deliver the events)", "step_completed DeliverEvents #1",
		},
		"events_parked_and_retried": {
			"status_changed event_undelivered (failed)", "parked wait for an operator: deliver the events", "retry by worker",
			"run_completed (active)",
		},
		"superseded": {"superseded by worker (" + supersededBy(t) + ")", "run_completed (superseded)"},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			lines := lines(fromRun(run("run", recorded(t, scenario)), readable()))
			for _, line := range want {
				require.Contains(t, lines, line)
			}
		})
	}
}

// displaced returns the workflow id of the registration that the scenario proven_first signals.
func displaced(t *testing.T) string {
	t.Helper()
	for _, event := range recorded(t, "proven_first") {
		if a := event.GetSignalExternalWorkflowExecutionInitiatedEventAttributes(); a != nil {
			return a.GetWorkflowExecution().GetWorkflowId()
		}
	}
	return ""
}

// supersededBy returns the workflow id of the registration that signals the scenario superseded.
func supersededBy(t *testing.T) string {
	t.Helper()
	for _, event := range recorded(t, "superseded") {
		if a := event.GetWorkflowExecutionSignaledEventAttributes(); a != nil {
			return a.GetExternalWorkflowExecution().GetWorkflowId()
		}
	}
	return ""
}

// TestNoPersonalData searches every scenario for the users' input and for digests.
func TestNoPersonalData(t *testing.T) {
	t.Parallel()
	for _, scenario := range scenarios(t) {
		events := recorded(t, scenario)
		in := recordedInput(t, scenario)
		text := fmt.Sprintf("%+v", fromRun(run("run", events), readable()))
		p := in.Profile
		for _, personal := range append(in.CodeDigests, p.FirstName, p.LastName, p.Email, p.Mobile, in.PasswordHash, in.Fingerprint, "@") {
			if personal != "" {
				require.NotContains(t, text, personal, scenario)
			}
		}
	}
}

// encrypt encrypts a history as the service does.
func encrypt(t *testing.T, c Converters, events []*history.HistoryEvent) []*history.HistoryEvent {
	t.Helper()
	all := make([]*history.HistoryEvent, len(events))
	for i, event := range events {
		all[i] = proto.Clone(event).(*history.HistoryEvent)
		if a := all[i].GetActivityTaskFailedEventAttributes(); a != nil {
			a.Failure = c.Failure.ErrorToFailure(temporal.NewApplicationErrorWithOptions("the message was not taken",
				string(workflows.ReasonSMSMisconfigured), temporal.ApplicationErrorOptions{
					Cause:   &message.Error{Provider: "twilio", Failure: message.Misconfigured, Code: "20003"},
					Details: []any{workflows.Attempt{Number: 5, Provider: "twilio", ProviderCode: "20003"}},
				}))
		}
		if a := all[i].GetWorkflowExecutionCompletedEventAttributes(); a != nil {
			var result workflows.RegistrationResult
			require.True(t, readable().read(a.GetResult(), &result))
			payloads, err := c.Data.ToPayloads(result)
			require.NoError(t, err)
			a.Result = payloads
		}
	}
	return all
}

func TestEncrypted(t *testing.T) {
	t.Parallel()
	ours := encrypting(t)
	completed := recorded(t, "happy_sms")
	events := append(recorded(t, "abandoned"), completed[len(completed)-1]) // has a failure and a result
	encrypted := encrypt(t, ours, events)
	want := lines(fromRun(run("run", events), readable()))
	failed := slices.IndexFunc(want, func(line string) bool { return strings.HasPrefix(line, "step_failed SendOTP") })
	want[failed] = "step_failed SendOTP twilio 20003 sms_misconfigured #1 (twilio: misconfigured (20003))"
	require.Equal(t, want, lines(fromRun(run("run", encrypted), ours)), "what is not encrypted is read as well")

	otherKey := lines(fromRun(run("run", encrypted), encrypting(t)))
	require.Contains(t, otherKey, "run_completed ("+undecodable+")")
	require.Contains(t, otherKey, "step_failed SendOTP sms_misconfigured #1 ("+undecodable+")")
	require.Len(t, otherKey, len(want), "entries that cannot be decoded are listed as well")
}

func TestHistoryIsNotChanged(t *testing.T) {
	t.Parallel()
	for _, scenario := range scenarios(t) {
		events, before := recorded(t, scenario), recorded(t, scenario)
		fromRun(run("run", events), readable())
		for i := range events {
			require.True(t, proto.Equal(before[i], events[i]), "%s %d", scenario, i)
		}
	}
}

// TestOddHistories translates histories that no server writes: events lost, doubled, out of order, of another type than
// their attributes, without attributes.
func TestOddHistories(t *testing.T) {
	t.Parallel()
	var all []*history.HistoryEvent
	for _, scenario := range scenarios(t) {
		all = append(all, recorded(t, scenario)...)
	}
	types := make([]enums.EventType, 0, len(handlers))
	for kind := range handlers {
		types = append(types, kind)
	}
	slices.Sort(types)
	rapid.Check(t, func(t *rapid.T) {
		var events []*history.HistoryEvent
		for range rapid.IntRange(0, 40).Draw(t, "length") {
			event := proto.Clone(rapid.SampledFrom(all).Draw(t, "event")).(*history.HistoryEvent)
			switch rapid.IntRange(0, 5).Draw(t, "oddity") {
			case 0:
				event.EventType = rapid.SampledFrom(types).Draw(t, "type")
			case 1:
				event.Attributes = nil
			case 2:
				event.EventTime, event.UserMetadata = nil, nil
			case 3:
				event = nil
			}
			events = append(events, event)
		}
		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		fromRuns([]engine.Run{run("a", events[:cut]), run("b", events[cut:]), run("c", nil)}, readable())
	})
}

func TestBrokenJSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"eventType":"EVENT_TYPE_MARKER_RECORDED","markerRecordedEventAttributes":{"markerName":"LocalActivity"}}`,
		`{"eventType":"EVENT_TYPE_MARKER_RECORDED","markerRecordedEventAttributes":{"markerName":"LocalActivity","details":{"data":{}}}}`,
		`{"eventType":"EVENT_TYPE_ACTIVITY_TASK_FAILED","activityTaskFailedEventAttributes":{"failure":{"cause":{"cause":{}}}}}`,
	} {
		event := &history.HistoryEvent{EventTime: timestamppb.New(now)}
		require.NoError(t, protojson.Unmarshal([]byte(text), event))
		lines := fromRun(run("run", []*history.HistoryEvent{event}), readable())
		require.Len(t, lines, 1)
		require.True(t, strings.HasPrefix(string(lines[0].Event), "step_"))
	}
}
