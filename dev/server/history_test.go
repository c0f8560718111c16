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

	"registrar/api"
	"registrar/internal/message"
	"registrar/workflows"
)

var record = flag.String("record", "", "release, such as v2: TestHistories keeps what it records in workflows/testdata under its name")

// alone are the settings of a story that breaks a provider, and so needs a service of its own.
var alone = []string{}

// stories are ways that a registration can take. Each returns the registration whose history is told.
var stories = []struct {
	name     string
	shows    string // in the history: it is the story that its name says
	settings []string
	tell     func(*testing.T, *running) string
}{
	{"happy_sms", `"SendCompletionSMS"`, nil, tellHappySMS},
	{"happy_email", `"SendWelcomeEmail"`, nil, tellHappyEmail},
	{"corrected_number", `"resendOTP"`, nil, tellCorrectedNumber},
	{"late_code", `"markerName": "Version"`, nil, tellLateCode},
	{"late_code_corrected_number", `"markerName": "Version"`, nil, tellLateCodeCorrectedNumber},
	{"superseded", `"signalName": "superseded"`, nil, tellSuperseded},
	{"took_over", `"EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED"`, nil, tellTookOver},
	{"rejected", `"EVENT_TYPE_MARKER_RECORDED"`, nil, tellRejected},
	{"expired", `"EVENT_TYPE_TIMER_FIRED"`, []string{"OTP_TTL=2s", "VERIFICATION_WINDOW=2s"}, tellExpired},
	{"parked_and_retried", `"signalName": "retry"`, []string{"BUDGET_OTP=5s"}, tellParkedAndRetried},
	{"stored_late", `"PersistUser"`, []string{"API_WAIT_BUDGET=1s"}, tellStoredLate},
	{"entered_early", `"RecordMessage"`, []string{"API_WAIT_BUDGET=5s"}, tellEnteredEarly},
	{"abandoned", `"signalName": "abandon"`, alone, tellAbandoned},
	{"reset", `"WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW"`, alone, tellReset},
	{"budget_raised", `"signalName": "budget"`, []string{"BUDGET_OTP=5s"}, tellBudgetRaised},
	{"cancelled", `"EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED"`, nil, tellCancelled},
}

// Every story can be told again by the workflow's code from its history.
func TestHistories(t *testing.T) {
	t.Parallel()
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			s := shared(t)
			if story.settings != nil {
				s = launch(t, story.settings...)
			}
			s.checkHistory(t, story.name, workflows.RegistrationWorkflowID(story.tell(t, s)), story.shows)
		})
	}
}

// checkHistory replays the history of a workflow once that has ended, and keeps it when the tests record.
func (r *running) checkHistory(t *testing.T, story, workflowID, shows string) {
	t.Helper()
	text := r.recordHistory(t, workflowID)
	require.Contains(t, string(text), shows)
	replay(t, text)
	if *record != "" {
		writeNew(t, filepath.Join("..", "..", "workflows", "testdata", *record+"_"+story+".json"), text)
	}
}

// writeNew writes a history that is not there yet: those that are there are what a release did.
func writeNew(t *testing.T, path string, text []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	require.NoError(t, err)
	_, err = file.Write(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// recordHistory waits until a workflow has ended and returns its history, decrypted and without the names of the
// machine, in the form that the replayer reads.
func (r *running) recordHistory(t *testing.T, id string) []byte {
	t.Helper()
	c := r.temporalClient(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_ = c.GetWorkflow(ctx, id, "").Get(ctx, nil) // some fail, and are to
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
	require.NoError(t, json.Indent(&text, compact, "", " ")) // protojson's own blanks differ from run to run
	anonymous := workerIdentity.ReplaceAll(text.Bytes(), []byte(`"identity": "worker"`))
	return append(stickyQueue.ReplaceAll(anonymous, []byte(`"name": "sticky"`)), '\n')
}

var (
	workerIdentity = regexp.MustCompile(`"identity": "[^"]*"`)
	stickyQueue    = regexp.MustCompile(`"name": "[^"]*:[0-9a-f-]{36}"`)
)

func (r *running) decrypt(t *testing.T, recorded *history.History) {
	t.Helper()
	keys, err := r.stack.openKeys()
	require.NoError(t, err)
	require.NoError(t, proxy.VisitPayloads(context.Background(), recorded, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, encrypted []*common.Payload) ([]*common.Payload, error) {
			return keys.Codec.Decode(encrypted)
		},
	}))
}

func replay(t *testing.T, text []byte) {
	t.Helper()
	recorded, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
	require.NoError(t, err)
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.RegistrationWorkflow,
		workflow.RegisterOptions{Name: workflows.RegistrationWorkflowType})
	replayer.RegisterWorkflowWithOptions(workflows.CampaignWorkflow, workflow.RegisterOptions{Name: workflows.CampaignWorkflowType})
	require.NoError(t, replayer.ReplayWorkflowHistory(log.NewStructuredLogger(quiet()), recorded))
}

func tellHappySMS(t *testing.T, s *running) string {
	form := somebody()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	requireProblem(t, s.verify(t, id, wrong(code)), http.StatusUnprocessableEntity, api.ProblemCodeWrongCode)
	s.requireActive(t, id, code)
	return id
}

func tellHappyEmail(t *testing.T, s *running) string {
	form := somebodyWithoutNumber()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.Email, 1))
	return id
}

func tellCorrectedNumber(t *testing.T, s *running) string {
	form, right := somebody(), number()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)
	decode[api.CodeSent](t, s.resend(t, id, right), http.StatusAccepted)
	s.requireActive(t, id, s.awaitCode(t, right, 1))
	return id
}

func tellSuperseded(t *testing.T, s *running) string {
	older, _ := s.takeOver(t)
	return older
}

func tellTookOver(t *testing.T, s *running) string {
	_, newer := s.takeOver(t)
	return newer
}

// takeOver registers twice with the same email, and verifies the second.
func (s *site) takeOver(t *testing.T) (older, newer string) {
	t.Helper()
	first, second := somebody(), somebody()
	second.Email = first.Email
	older = s.mustRegister(t, first).RegistrationID
	s.awaitCode(t, first.MobileNumber, 1)
	newer = s.mustRegister(t, second).RegistrationID
	s.requireActive(t, newer, s.awaitCode(t, second.MobileNumber, 1))
	return older, newer
}

func tellRejected(t *testing.T, s *running) string {
	form := somebody()
	s.mustRegister(t, form)
	other := somebody()
	other.Username = form.Username
	key := "rejected-" + other.Email
	requireProblem(t, s.register(t, other, "Idempotency-Key", key), http.StatusConflict, api.ProblemCodeUsernameTaken)
	keys, err := s.stack.openKeys()
	require.NoError(t, err)
	return keys.Ring.RegistrationID(key)
}

func tellExpired(t *testing.T, s *running) string {
	form := somebody()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitStatus(t, id, api.StatusExpired)
	return id
}

func tellParkedAndRetried(t *testing.T, s *running) string {
	down := s.breakProvider(isCode, errNoConnection)
	form := somebody()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitStatus(t, id, api.StatusFailed)
	down.over.Store(true)
	require.NoError(t, s.temporalClient(t).SignalWorkflow(t.Context(), workflows.RegistrationWorkflowID(id), "", workflows.SignalRetry, nil))
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	return id
}

// tellStoredLate keeps the database down until the local activity has given up.
func tellStoredLate(t *testing.T, s *running) string {
	restore := stopDatabase(t, s.stack.data)
	form := somebody()
	id := decode[api.Progress](t, s.register(t, form), http.StatusAccepted).RegistrationID
	s.awaitStatus(t, id, api.StatusAccepted)
	restore()
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	s.awaitMessages(t, form.MobileNumber, message.KindCompletion, 1)
	return id
}
