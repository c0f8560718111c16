package timeline

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/internal/user"
)

const registrationID = "01a20a43-ae35-75be-93e4-4754a219b2f4"

var errUnavailable = errors.New("no connection")

// fakeTemporal has the histories of runs, in the order of their ids in listed.
type fakeTemporal struct {
	client.Client
	listed    []string
	more      bool
	histories map[string][]*history.HistoryEvent
	current   *workflowservice.DescribeWorkflowExecutionResponse
	err       error
	query     string
}

func (f *fakeTemporal) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	f.query = r.GetQuery()
	answer := &workflowservice.ListWorkflowExecutionsResponse{}
	for _, id := range f.listed {
		answer.Executions = append(answer.Executions, &workflow.WorkflowExecutionInfo{Execution: &common.WorkflowExecution{RunId: id}})
	}
	if f.more {
		answer.NextPageToken = []byte("more")
	}
	return answer, f.err
}

func (f *fakeTemporal) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if f.current == nil {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	return f.current, nil
}

func (f *fakeTemporal) GetWorkflowHistory(_ context.Context, _, runID string, _ bool, _ enums.HistoryEventFilterType) client.HistoryEventIterator {
	events, known := f.histories[runID]
	if !known {
		return &iterator{err: serviceerror.NewNotFound("no such run")}
	}
	return &iterator{events: events}
}

type iterator struct {
	events []*history.HistoryEvent
	err    error
}

func (i *iterator) HasNext() bool { return i.err != nil || len(i.events) > 0 }

func (i *iterator) Next() (*history.HistoryEvent, error) {
	if i.err != nil {
		return nil, i.err
	}
	first := i.events[0]
	i.events = i.events[1:]
	return first, nil
}

type fakeLedger struct {
	messages []message.Entry
	attempts []message.Attempt
	account  user.Account
	err      error

	suppressions []message.Suppression
}

func (f fakeLedger) SuppressionsOf(context.Context, string) ([]message.Suppression, error) {
	return f.suppressions, f.err
}

func (f fakeLedger) Messages(context.Context, string) ([]message.Entry, error) {
	return f.messages, f.err
}

func (f fakeLedger) Attempts(context.Context, string) ([]message.Attempt, error) {
	return f.attempts, f.err
}

func (f fakeLedger) AccountOf(context.Context, string) (user.Account, bool, error) {
	return f.account, f.account.UserID != "", f.err
}

// running describes a workflow whose current run has those activities to do.
func running(runID string, pending ...*workflow.PendingActivityInfo) *workflowservice.DescribeWorkflowExecutionResponse {
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{Execution: &common.WorkflowExecution{RunId: runID}},
		PendingActivities:     pending,
	}
}

func read(t *testing.T, f *fakeTemporal, l fakeLedger) (Timeline, error) {
	t.Helper()
	r := Reader{Histories: engine.NewRegistrations(f, engine.RegistrationOptions{}), Ledger: l, Converters: readable(), Now: func() time.Time { return now }}
	return r.Read(t.Context(), registrationID)
}

// parkedLedger goes with the recorded scenario parked_and_retried.
func parkedLedger(t *testing.T) fakeLedger {
	t.Helper()
	start := recordedStart(t, "parked_and_retried")
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	key := message.Key{RegistrationID: registrationID, Kind: message.KindOTP, Sequence: 1}
	return fakeLedger{
		attempts: []message.Attempt{{
			Key: key, Channel: message.ChannelSMS, Number: 4, Provider: "twilio", Failure: message.Unavailable, Code: "503", At: at(2),
		}},
		messages: []message.Entry{{
			Key: key, Channel: message.ChannelSMS, SentAt: at(60),
			Receipt: message.Receipt{Provider: "twilio", MessageID: "SM1"},
		}},
		account: user.Account{UserID: "u", Status: user.StatusActive, CreatedAt: at(1), VerifiedAt: at(3)},
	}
}

func TestReadMerges(t *testing.T) {
	t.Parallel()
	f := &fakeTemporal{
		listed: []string{"run"}, histories: map[string][]*history.HistoryEvent{"run": recorded(t, "parked_and_retried")},
		current: running("run"),
	}
	l, err := read(t, f, parkedLedger(t))
	require.NoError(t, err)
	require.Equal(t, "WorkflowId = 'registration-"+registrationID+"'", f.query)
	require.Equal(t, []any{registrationID, "u", user.StatusActive, true, true, false},
		[]any{l.RegistrationID, l.UserID, l.UserStatus, l.WorkflowRetained, l.LedgerAvailable, l.Truncated})
	lines := lines(l.Entries)
	require.Len(t, lines, 23+4)
	require.Equal(t, "user_stored", lines[7])
	require.Equal(t, "try_failed SendOTP twilio 503 unavailable #4 (code 1 by sms)", lines[8])
	require.Equal(t, "message_taken SendOTP twilio (code 1 by sms)", lines[len(lines)-1])
	require.Equal(t, "SM1", l.Entries[len(lines)-1].MessageID)
	for i := range l.Entries[1:] {
		require.False(t, l.Entries[i+1].At.Before(l.Entries[i].At))
	}
}

func TestReadWithOneSourceUnavailable(t *testing.T) {
	t.Parallel()
	histories := map[string][]*history.HistoryEvent{"run": recorded(t, "happy_email")}

	l, err := read(t, &fakeTemporal{histories: histories, current: running("run")}, fakeLedger{err: errUnavailable})
	require.NoError(t, err)
	require.Equal(t, []any{true, false}, []any{l.WorkflowRetained, l.LedgerAvailable})
	require.ErrorIs(t, l.LedgerError, errUnavailable)
	require.NotEmpty(t, l.Entries, "a run is read though visibility does not list it yet")

	l, err = read(t, &fakeTemporal{listed: []string{"deleted"}}, parkedLedger(t))
	require.NoError(t, err)
	require.Equal(t, []any{false, true}, []any{l.WorkflowRetained, l.LedgerAvailable})
	require.Len(t, l.Entries, 4)

	_, err = read(t, &fakeTemporal{}, fakeLedger{})
	require.ErrorIs(t, err, ErrNotFound)
	_, err = read(t, &fakeTemporal{}, fakeLedger{err: errUnavailable})
	require.ErrorIs(t, err, errUnavailable, "the ledger may have the registration")
	_, err = read(t, &fakeTemporal{err: errUnavailable}, parkedLedger(t))
	require.ErrorIs(t, err, errUnavailable)
	_, err = Reader{}.Read(t.Context(), "x' OR WorkflowType = 'y")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestReadDeliveryReports(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Date(2026, 11, 23, 21, 15, second, 0, time.UTC) }
	key := func(kind message.Kind) message.Key {
		return message.Key{RegistrationID: registrationID, Kind: kind, Sequence: 1}
	}
	l, err := read(t, &fakeTemporal{}, fakeLedger{
		attempts: []message.Attempt{{
			Key: key(message.KindOTP), Channel: message.ChannelSMS, Provider: "twilio",
			Failure: message.AttemptUndelivered, Code: "30003", At: at(1),
		}},
		messages: []message.Entry{
			{
				Key: key(message.KindOTP), Channel: message.ChannelSMS, Receipt: message.Receipt{Provider: "other", MessageID: "2"},
				SentAt: at(2), Outcome: message.Outcome{Status: message.StatusDelivered, At: at(3), DeliveredAt: at(3)},
			},
			{
				Key: key(message.KindWelcome), Channel: message.ChannelEmail, Receipt: message.Receipt{Provider: "mailgun", MessageID: "3"},
				SentAt: at(4), Outcome: message.Outcome{Status: message.StatusComplained, At: at(6), DeliveredAt: at(5)},
			},
		},
		suppressions: []message.Suppression{{Reason: message.Complained, Source: "mailgun", Since: at(7)}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{
		"message_undelivered SendOTP twilio 30003 undelivered (code 1 by sms)",
		"message_taken SendOTP other (code 1 by sms)",
		"message_delivered SendOTP other (code 1 by sms)",
		"message_taken SendWelcomeEmail mailgun (welcome by email)",
		"message_delivered SendWelcomeEmail mailgun (welcome by email)",
		"message_complained SendWelcomeEmail mailgun (welcome by email)",
		"address_suppressed mailgun complained",
	}, lines(l.Entries))
}

func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	f := &fakeTemporal{more: true, histories: map[string][]*history.HistoryEvent{}, current: running("20")}
	event := recorded(t, "happy_email")[0]
	for n := range engine.MaxRuns {
		id := string(rune('a' + n))
		f.listed = append(f.listed, id)
		f.histories[id] = make([]*history.HistoryEvent, engine.MaxEvents)
		for i := range f.histories[id] {
			f.histories[id][i] = event
		}
	}
	l, err := read(t, f, fakeLedger{})
	require.NoError(t, err)
	require.True(t, l.Truncated)
}

// recordedFailure returns the failure of the code in the scenario abandoned.
func recordedFailure(t *testing.T) *failure.Failure {
	t.Helper()
	for _, event := range recorded(t, "abandoned") {
		if a := event.GetActivityTaskFailedEventAttributes(); a != nil {
			return a.GetFailure()
		}
	}
	return nil
}

func TestInProgress(t *testing.T) {
	t.Parallel()
	failed := recordedFailure(t)
	kind := &common.ActivityType{Name: "SendOTP"}
	manual := &workflow.PendingActivityInfo_PauseInfo{PausedBy: &workflow.PendingActivityInfo_PauseInfo_Manual_{
		Manual: &workflow.PendingActivityInfo_PauseInfo_Manual{Identity: "ops", Reason: "twilio is down"},
	}}
	f := &fakeTemporal{
		histories: map[string][]*history.HistoryEvent{"run": recorded(t, "happy_email")[:10]},
		current: running("run",
			&workflow.PendingActivityInfo{
				ActivityType: kind, State: enums.PENDING_ACTIVITY_STATE_SCHEDULED, Attempt: 3, LastFailure: failed,
				NextAttemptScheduleTime: timestamppb.New(now.Add(time.Minute)),
			},
			&workflow.PendingActivityInfo{ActivityType: kind, State: enums.PENDING_ACTIVITY_STATE_STARTED, Attempt: 1},
			&workflow.PendingActivityInfo{ActivityType: kind, Paused: true, Attempt: 2, LastFailure: failed, PauseInfo: manual},
			&workflow.PendingActivityInfo{Paused: true},
		),
	}
	l, err := read(t, f, fakeLedger{})
	require.NoError(t, err)
	progress := l.Entries[len(l.Entries)-4:]
	require.Equal(t, []string{
		"step_waiting SendOTP outbox 401 sms_misconfigured #3 (outbox: misconfigured (401))",
		"step_running SendOTP #1",
		"step_paused SendOTP outbox 401 twilio is down #2 by ops (outbox: misconfigured (401))",
		"step_paused",
	}, lines(progress))
	require.Equal(t, now.Add(time.Minute), progress[0].Until)
	require.Equal(t, now, progress[3].At)
}

func TestParseID(t *testing.T) {
	t.Parallel()
	for _, text := range []string{registrationID, "registration-" + registrationID} {
		id, ok := ParseID(text)
		require.True(t, ok)
		require.Equal(t, registrationID, id)
	}
	for _, text := range []string{"", "registration-", "registration-1", registrationID + "' OR 1=1"} {
		_, ok := ParseID(text)
		require.False(t, ok)
	}
}
