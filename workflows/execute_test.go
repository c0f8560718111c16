package workflows

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"registrar/internal/retention"
	"registrar/internal/user"
)

// stubNames are the names under which execute calls each method of Activities.
func stubNames() map[string]string {
	return map[string]string{
		"PersistUser":       activity[PersistInput, PersistResult](Activities.PersistUser).name(),
		"ActivateUser":      activity[ActivateInput, ActivateResult](Activities.ActivateUser).name(),
		"ExpireUser":        activity[ExpireInput, ExpireResult](Activities.ExpireUser).name(),
		"SendOTP":           activity[OTPInput, SendResult](Activities.SendOTP).name(),
		"SendWelcomeEmail":  activity[NoticeInput, SendResult](Activities.SendWelcomeEmail).name(),
		"SendCompletionSMS": activity[NoticeInput, SendResult](Activities.SendCompletionSMS).name(),
		"SendAccountExists": activity[AccountExistsInput, SendResult](Activities.SendAccountExists).name(),
		"SendEmailReleased": activity[EmailReleasedInput, SendResult](Activities.SendEmailReleased).name(),
		"ConfirmEmail":      activity[EmailLinkInput, EmailLinkStepResult](Activities.ConfirmEmail).name(),
		"DisownEmail":       activity[EmailLinkInput, EmailLinkStepResult](Activities.DisownEmail).name(),
		"RecordMessage":     activity[RecordInput, RecordResult](Activities.RecordMessage).name(),
		"ChangeUser":        activity[ChangeUserInput, user.ChangeResult](Activities.ChangeUser).name(),
		"StopWorkflows":     activity[StopWorkflowsInput, StopWorkflowsResult](Activities.StopWorkflows).name(),
		"ForgetLimits":      activity[ErasedInput, ErasedResult](Activities.ForgetLimits).name(),
		"EraseUser":         activity[EraseUserInput, user.ChangeResult](Activities.EraseUser).name(),
		"DeleteHistories":   activity[ErasedInput, ErasedResult](Activities.DeleteHistories).name(),
		"CompleteErasure":   activity[CompleteErasureInput, ErasedResult](Activities.CompleteErasure).name(),
		"DeleteExpired":     activity[DeleteExpiredInput, retention.Done](Activities.DeleteExpired).name(),
		"RecordEvent":       activity[RecordEventInput, RecordEventResult](Activities.RecordEvent).name(),
		"DeliverEvents":     activity[DeliverEventsInput, DeliverEventsResult](Activities.DeliverEvents).name(),
		"CountEvents":       activity[ReplayInput, CountEventsResult](Activities.CountEvents).name(),
		"ReplayEvents":      activity[ReplayInput, ReplayResult](Activities.ReplayEvents).name(),
		"SweepEvents":       activity[SweepEventsInput, SweepEventsResult](Activities.SweepEvents).name(),
		"StoreCampaign":     activity[StoreCampaignInput, StoreCampaignResult](Activities.StoreCampaign).name(),
		"StartCampaign":     activity[StartCampaignInput, StartCampaignResult](Activities.StartCampaign).name(),
		"SendCampaignBatch": activity[CampaignBatchInput, CampaignBatchResult](Activities.SendCampaignBatch).name(),
		"SetCampaignStatus": activity[CampaignStatusInput, CampaignStatusResult](Activities.SetCampaignStatus).name(),

		"RecordCampaignBatch": activity[RecordBatchInput, CampaignBatchResult](Activities.RecordCampaignBatch).name(),
	}
}

func TestEveryActivityHasItsStep(t *testing.T) {
	t.Parallel()
	names := stubNames()
	contract := reflect.TypeFor[Activities]()
	for method := range contract.Methods() {
		require.Equal(t, method.Name, names[method.Name])
		require.Contains(t, steps, step(method.Name))
	}
	require.Len(t, names, contract.NumMethod())
	require.Len(t, steps, contract.NumMethod())
	require.Len(t, stepOrder, contract.NumMethod())
}

func TestSteps(t *testing.T) {
	t.Parallel()
	const minute, day = time.Minute, 24 * time.Hour
	store := temporal.RetryPolicy{InitialInterval: time.Second / 5, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second}
	otp := temporal.RetryPolicy{InitialInterval: time.Second / 2, BackoffCoefficient: 1.5, MaximumInterval: 15 * time.Second}
	events := temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * minute}
	notice := temporal.RetryPolicy{InitialInterval: 2 * time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * minute}
	for name, want := range map[string]struct {
		queue        string
		startToClose time.Duration
		budget       time.Duration
		backoff      temporal.RetryPolicy
		priority     int
	}{
		"PersistUser":       {"registration", 5 * time.Second, day, store, 0},
		"ActivateUser":      {"registration", 5 * time.Second, day, store, 0},
		"ExpireUser":        {"registration", 5 * time.Second, day, store, 0},
		"SendOTP":           {"notifications-high", 10 * time.Second, 10 * minute, otp, 0},
		"SendWelcomeEmail":  {"notifications-low", 30 * time.Second, day, notice, 2},
		"SendCompletionSMS": {"notifications-low", 10 * time.Second, day, notice, 2},
		"SendAccountExists": {"notifications-high", 10 * time.Second, 10 * minute, otp, 0}, // as SendOTP
		"SendEmailReleased": {"notifications-low", 10 * time.Second, day, notice, 2},
		"ConfirmEmail":      {"registration", 5 * time.Second, day, store, 0},
		"DisownEmail":       {"registration", 5 * time.Second, day, store, 0},
		"RecordMessage":     {"registration", 5 * time.Second, day, store, 0},
		"ChangeUser":        {"registration", 5 * time.Second, day, store, 0},
		"StopWorkflows":     {"registration", minute, day, store, 0},
		"ForgetLimits":      {"registration", 5 * time.Second, day, store, 0},
		"EraseUser":         {"registration", 30 * time.Second, day, store, 0},
		"DeleteHistories":   {"registration", minute, day, store, 0},
		"CompleteErasure":   {"registration", 5 * time.Second, day, store, 0},
		"DeleteExpired":     {"registration", 30 * time.Second, day, store, 0},
		"RecordEvent":       {"registration", 5 * time.Second, day, store, 0},
		"DeliverEvents":     {"events", minute, 3 * day, events, 0}, // the default, if the policy has no budget
		"CountEvents":       {"events", minute, 3 * day, store, 0},
		"ReplayEvents":      {"events", minute, 3 * day, events, 0},
		"SweepEvents":       {"events", minute, 3 * day, store, 0},
		"StoreCampaign":     {"registration", 5 * time.Second, day, store, 0},
		"StartCampaign":     {"registration", 2 * minute, day, store, 0},
		"SendCampaignBatch": {"notifications-low", 2 * minute, 3 * day, notice, 5},
		"SetCampaignStatus": {"registration", 5 * time.Second, day, store, 0},

		"RecordCampaignBatch": {"registration", 5 * time.Second, day, store, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			budgets := DefaultPolicy().Budgets
			budgets.Campaign = 3 * day
			got := steps[step(name)].activity(budgets, "a summary")
			require.Equal(t, want.queue, got.TaskQueue)
			require.Contains(t, Queues, got.TaskQueue)
			require.Equal(t, want.startToClose, got.StartToCloseTimeout)
			require.Equal(t, want.budget, got.ScheduleToCloseTimeout)
			require.Equal(t, want.backoff, *got.RetryPolicy)
			require.Equal(t, "a summary", got.Summary)
			require.False(t, got.DisableEagerExecution)
			require.Equal(t, want.queue != "notifications-low" || name == "SendCampaignBatch", got.WaitForCancellation)
			require.Equal(t, temporal.Priority{PriorityKey: want.priority}, got.Priority)
		})
	}
}

func TestEachStepHasItsOwnBudget(t *testing.T) {
	t.Parallel()
	b := Budgets{Store: 1, OTP: 2, WelcomeEmail: 3, Completion: 4, Campaign: 5, Events: 6}
	for name, want := range map[string]time.Duration{
		"PersistUser": 1, "ActivateUser": 1, "ExpireUser": 1, "SendOTP": 2, "SendWelcomeEmail": 3, "SendCompletionSMS": 4,
		"SendAccountExists": 2, "SendEmailReleased": 4, "ConfirmEmail": 1, "DisownEmail": 1, "RecordMessage": 1, "RecordEvent": 1, "DeliverEvents": 6,
		"ChangeUser": 1, "StopWorkflows": 1, "ForgetLimits": 1, "EraseUser": 1, "DeleteHistories": 1, "CompleteErasure": 1,
		"DeleteExpired": 1, "CountEvents": 6, "ReplayEvents": 6, "SweepEvents": 6,
		"StoreCampaign": 1, "StartCampaign": 1, "SendCampaignBatch": 5, "SetCampaignStatus": 1, "RecordCampaignBatch": 1,
	} {
		require.Equal(t, want, steps[step(name)].budget(b), name)
	}
}

// TestLocalAttemptsEndInTime checks the comment of localTimeout: the API waits 3 s, a workflow task 10 s.
func TestLocalAttemptsEndInTime(t *testing.T) {
	t.Parallel()
	local := steps["PersistUser"].local("a summary")
	require.Less(t, local.ScheduleToCloseTimeout, 3*time.Second)
	require.LessOrEqual(t, local.StartToCloseTimeout, local.ScheduleToCloseTimeout)
	require.Equal(t, "a summary", local.Summary)
}

// TestWrongInputDoesNotCompile type-checks the package together with a call of each stub.
func TestWrongInputDoesNotCompile(t *testing.T) {
	t.Parallel()
	check := typeChecker(t)
	for _, stub := range []string{"execute", "executeLocally"} {
		require.NoError(t, check(stub+`(ctx, b, "", Activities.SendOTP, OTPInput{})`))
		require.ErrorContains(t, check(stub+`(ctx, b, "", Activities.SendOTP, PersistInput{})`), "PersistInput")
		require.ErrorContains(t, check(stub+`(ctx, b, "", Activities.SendOTP, &OTPInput{})`), "*OTPInput")
		require.ErrorContains(t, check(stub+`(ctx, b, "", RegistrationWorkflow, RegistrationInput{})`), "RegistrationWorkflow")
	}
}

// typeChecker returns a function that type-checks a call as if it stood in this package.
func typeChecker(t *testing.T) func(call string) error {
	t.Helper()
	fset := token.NewFileSet()
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var sources []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		sources = append(sources, file)
	}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", compiled(t))}
	return func(call string) error {
		snippet := "package workflows\n\nimport \"go.temporal.io/sdk/workflow\"\n\n" +
			"func snippet(ctx workflow.Context, b Budgets) { _, _ = " + call + " }\n"
		file, err := parser.ParseFile(fset, "snippet.go", snippet, parser.SkipObjectResolution)
		require.NoError(t, err)
		_, err = config.Check("registrar/workflows", fset, append([]*ast.File{file}, sources...), nil)
		return err
	}
}

// compiled finds this package's imports in the build cache, where the build of this test has put them.
func compiled(t *testing.T) importer.Lookup {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", ".").Output()
	require.NoError(t, err)
	files := map[string]string{}
	for line := range strings.Lines(string(list)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}
