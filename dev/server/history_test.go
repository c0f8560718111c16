package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/workflows"
)

var record = flag.String("record", "", "version, such as v2; tests that check a history also write it to workflows/testdata, with the version as prefix")

// ownService are the settings of a scenario that breaks a provider and therefore needs its own service.
var ownService = []string{}

// scenarios are scenarios of a registration. run returns the id of the registration whose history is checked.
var scenarios = []struct {
	name     string
	evidence string // text that the history must contain
	settings []string
	run      func(*testing.T, *testService) string
}{
	{"happy_sms", `"SendCompletionSMS"`, nil, runHappySMS},
	{"happy_email", `"SendWelcomeEmail"`, nil, runHappyEmail},
	{"corrected_number", `"resendOTP"`, nil, runCorrectedNumber},
	{"late_code", `"resendOTP"`, nil, runLateCode},
	{"late_code_corrected_number", `"resendOTP"`, nil, runLateCodeCorrectedNumber},
	{"superseded", `"signalName": "superseded"`, nil, runSuperseded},
	{"proven_first", `"EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED"`, nil, runProvenFirst},
	{"rejected", `"EVENT_TYPE_MARKER_RECORDED"`, nil, runRejected},
	{"expired", `"EVENT_TYPE_TIMER_FIRED"`, []string{"OTP_TTL=2s", "VERIFICATION_WINDOW=2s"}, runExpired},
	{"parked_and_retried", `"signalName": "retry"`, []string{"BUDGET_OTP=5s"}, runParkedAndRetried},
	{"stored_late", `"PersistUser"`, []string{"API_WAIT_BUDGET=1s"}, runStoredLate},
	{"entered_early", `"RecordMessage"`, []string{"API_WAIT_BUDGET=5s"}, runEnteredEarly},
	{"abandoned", `"signalName": "abandon"`, ownService, runAbandoned},
	{"reset", `"WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW"`, ownService, runReset},
	{"budget_raised", `"signalName": "budget"`, []string{"BUDGET_OTP=5s"}, runBudgetRaised},
	{"cancelled", `"EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED"`, nil, runCancelled},
	{"released", `"SendEmailReleased"`, nil, runReleased},
	{"added_number", `"resendOTP"`, nil, runAddedNumber},
	{"both_proofs", `"SendCompletionSMS"`, []string{"VERIFY=both"}, runBothProofs},
	{"concealed", `"SendAccountExists"`, concealedAndShort, runConcealed},
}

// TestHistories replays the history of each scenario with the workflow's code.
func TestHistories(t *testing.T) {
	t.Parallel()
	for _, scenario := range scenarios {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			if scenario.settings != nil {
				s = startService(t, scenario.settings...)
			}
			s.checkHistory(t, scenario.name, workflows.RegistrationWorkflowID(scenario.run(t, s)), scenario.evidence)
		})
	}
}

// checkHistory waits for the end of a workflow and replays its history. With the flag -record it also writes the history to a
// file.
func (r *testService) checkHistory(t *testing.T, scenario, workflowID, evidence string) {
	t.Helper()
	text := r.readHistory(t, workflowID)
	require.Contains(t, string(text), evidence)
	replay(t, workflowID, text)
	if *record != "" {
		writeNew(t, filepath.Join("..", "..", "workflows", "testdata", *record+"_"+scenario+".json"), text)
	}
}

// writeNew writes a new history. It fails if the file exists, because existing histories must stay as they are.
func writeNew(t *testing.T, path string, text []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	require.NoError(t, err)
	_, err = file.Write(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// readHistory waits for the end of a workflow. It returns the history in the replayer's format, decrypted and without machine
// names.
func (r *testService) readHistory(t *testing.T, id string) []byte {
	t.Helper()
	c := r.temporalClient(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_ = c.GetWorkflow(ctx, id, "").Get(ctx, nil) // some scenarios end with an error
	require.NoError(t, ctx.Err())
	recorded := &history.History{}
	events := c.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		recorded.Events = append(recorded.Events, event)
	}
	r.decrypt(t, recorded)
	compact, err := protojson.Marshal(recorded)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, json.Indent(&text, compact, "", " ")) // the whitespace of protojson is random
	anonymous := workerIdentity.ReplaceAll(text.Bytes(), []byte(`"identity": "worker"`))
	return append(stickyQueue.ReplaceAll(anonymous, []byte(`"name": "sticky"`)), '\n')
}

var (
	workerIdentity = regexp.MustCompile(`"identity": "[^"]*"`)
	stickyQueue    = regexp.MustCompile(`"name": "[^"]*:[0-9a-f-]{36}"`)
)

func (r *testService) decrypt(t *testing.T, recorded *history.History) {
	t.Helper()
	keys, err := r.stack.openKeys()
	require.NoError(t, err)
	require.NoError(t, proxy.VisitPayloads(context.Background(), recorded, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, encrypted []*common.Payload) ([]*common.Payload, error) {
			return keys.Codec.Lenient().Decode(encrypted)
		},
	}))
}

func replay(t *testing.T, workflowID string, text []byte) {
	t.Helper()
	recorded, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
	require.NoError(t, err)
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.RegistrationWorkflow,
		workflow.RegisterOptions{Name: workflows.RegistrationWorkflowType})
	replayer.RegisterWorkflowWithOptions(workflows.EmailLinkWorkflow, workflow.RegisterOptions{Name: workflows.EmailLinkWorkflowType})
	replayer.RegisterWorkflowWithOptions(workflows.CampaignWorkflow, workflow.RegisterOptions{Name: workflows.CampaignWorkflowType})
	replayer.RegisterWorkflowWithOptions(workflows.UserChangeWorkflow, workflow.RegisterOptions{Name: workflows.UserChangeWorkflowType})
	replayer.RegisterWorkflowWithOptions(workflows.EventSweepWorkflow, workflow.RegisterOptions{Name: workflows.EventSweepWorkflowType})
	replayer.RegisterWorkflowWithOptions(workflows.RetentionWorkflow, workflow.RegisterOptions{Name: workflows.RetentionWorkflowType})
	options := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: workflowID}}
	require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(discardLogger()), recorded, options))
}

func runHappySMS(t *testing.T, s *testService) string {
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	requireProblem(t, s.verify(t, id, wrong(code)), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	s.requireActive(t, id, code)
	return id
}

func runHappyEmail(t *testing.T, s *testService) string {
	form := newFormWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	return id
}

func runCorrectedNumber(t *testing.T, s *testService) string {
	form, right := newForm(), newNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	decode[openapi.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	s.requireActive(t, id, s.awaitCode(t, right, 1))
	return id
}

func runSuperseded(t *testing.T, s *testService) string {
	pending, _ := s.proveFirst(t)
	return pending
}

func runProvenFirst(t *testing.T, s *testService) string {
	_, proven := s.proveFirst(t)
	return proven
}

// proveFirst registers twice with the same email and enters the code by email of the second registration.
func (s *testClient) proveFirst(t *testing.T) (pending, proven string) {
	t.Helper()
	first, second := newForm(), newForm()
	second.Email = first.Email
	pending = s.mustRegister(t, first).RegistrationID
	s.awaitCode(t, first.MobileNumber, 1)
	proven = s.mustRegister(t, second).RegistrationID
	s.requireActive(t, proven, s.awaitCode(t, second.Email, 1))
	return pending, proven
}

func runRejected(t *testing.T, s *testService) string {
	form := newForm()
	s.mustRegister(t, form)
	other := newForm()
	other.Username = form.Username
	key := "rejected-" + other.Email
	requireProblem(t, s.register(t, other, "Idempotency-Key", key), http.StatusConflict, openapi.ProblemCodeUsernameTaken)
	keys, err := s.stack.openKeys()
	require.NoError(t, err)
	return keys.Ring.RegistrationID(key, other.Email)
}

func runExpired(t *testing.T, s *testService) string {
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitStatus(t, id, openapi.StatusExpired)
	return id
}

func runParkedAndRetried(t *testing.T, s *testService) string {
	down := s.breakProvider(isCode, errNoConnection)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitStatus(t, id, openapi.StatusFailed)
	down.over.Store(true)
	require.NoError(t, s.temporalClient(t).SignalWorkflow(t.Context(), workflows.RegistrationWorkflowID(id), "", workflows.SignalRetry, nil))
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	return id
}

// runStoredLate keeps the database down until the local activity has used up its attempts.
func runStoredLate(t *testing.T, s *testService) string {
	restore := stopDatabase(t, s.stack.data)
	form := newForm()
	id := decode[openapi.Progress](t, s.register(t, form), http.StatusAccepted).RegistrationID
	s.awaitStatus(t, id, openapi.StatusAccepted)
	restore()
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	return id
}
