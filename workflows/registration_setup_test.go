package workflows_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

const (
	registrationID = "0198c0de-0000-7000-8000-000000000001"
	mobile         = "+491701234567"
	otherMobile    = "+491707654321"
	emailAddress   = "Ada.Lovelace@example.com"
)

// digest is the keyed hash of the code with a sequence; every other text is a wrong code.
func digest(sequence int) string { return fmt.Sprintf("digest-of-code-%d", sequence) }

func input() workflows.RegistrationInput {
	policy := workflows.DefaultPolicy()
	in := workflows.RegistrationInput{
		RegistrationID: registrationID,
		Profile: user.Profile{
			Attributes: `{"company":"Acme"}`, FirstName: "Ada", LastName: "Lovelace", Username: "countess",
			Email: emailAddress, EmailCanonical: "ada.lovelace@example.com", Mobile: mobile, Locale: "en",
		},
		PasswordHash: "$argon2id$", RequestedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Fingerprint: "fingerprint", OTPKeyID: 7, Policy: policy,
	}
	for sequence := range workflows.CodesOf(policy) {
		in.CodeDigests = append(in.CodeDigests, digest(sequence+1))
	}
	return in
}

// tester is a *testing.T or a *rapid.T.
type tester interface {
	require.TestingT
	Helper()
}

// fixture is a registration on activities that all succeed; a test breaks some.
type fixture struct {
	t       tester
	env     *testsuite.TestWorkflowEnvironment
	in      workflows.RegistrationInput
	fake    activitiesFake
	reports recorder // of steps, in the log and the metrics

	mu         sync.Mutex
	calls      []string // of the activities, in order
	attributes []string // each write of search attributes
}

func setup(t tester) *fixture {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetDisableRegistrationAliasing(true)
	f := &fixture{t: t, in: input()}
	suite.SetLogger(&f.reports)
	suite.SetMetricsHandler(f.reports.metrics())
	f.env = suite.NewTestWorkflowEnvironment()
	f.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.RegistrationWorkflowID(registrationID)})
	f.fake = activitiesFake{
		persistUser: func(context.Context, workflows.PersistInput) (workflows.PersistResult, error) {
			return stored(user.StatusPending), nil
		},
		activateUser: func(context.Context, workflows.ActivateInput) (workflows.ActivateResult, error) {
			return workflows.ActivateResult{}, nil
		},
		expireUser: func(context.Context, workflows.ExpireInput) (workflows.ExpireResult, error) {
			return workflows.ExpireResult{}, nil
		},
		sendOTP: func(context.Context, workflows.OTPInput) (workflows.SendResult, error) { return sentBy("twilio"), nil },
		sendWelcomeEmail: func(context.Context, workflows.NoticeInput) (workflows.SendResult, error) {
			return sentBy("mailgun"), nil
		},
		sendCompletionSMS: func(context.Context, workflows.NoticeInput) (workflows.SendResult, error) {
			return sentBy("twilio"), nil
		},
		sendAccountExists: func(context.Context, workflows.AccountExistsInput) (workflows.SendResult, error) {
			return sentBy("mailgun"), nil
		},
		sendEmailReleased: func(context.Context, workflows.EmailReleasedInput) (workflows.SendResult, error) {
			return sentBy("twilio"), nil
		},
		recordMessage: func(context.Context, workflows.RecordInput) (workflows.RecordResult, error) {
			return workflows.RecordResult{}, nil
		},
		recordEvent: func(context.Context, workflows.RecordEventInput) (workflows.RecordEventResult, error) {
			return workflows.RecordEventResult{Announced: 1}, nil
		},
		deliverEvents: func(_ context.Context, in workflows.DeliverEventsInput) (workflows.DeliverEventsResult, error) {
			return workflows.DeliverEventsResult{Through: in.Through}, nil
		},
	}
	f.register()
	f.env.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Run(func(args mock.Arguments) {
		f.attributes = append(f.attributes, written(args.Get(0).(temporal.SearchAttributes)))
	}).Maybe()
	return f
}

func (f *fixture) register() {
	f.env.RegisterWorkflowWithOptions(workflows.RegistrationWorkflow,
		workflow.RegisterOptions{Name: workflows.RegistrationWorkflowType})
	f.env.RegisterWorkflowWithOptions(workflows.EmailLinkWorkflow,
		workflow.RegisterOptions{Name: workflows.EmailLinkWorkflowType})
	f.registerChanges()
	f.registerReplays()
	for name, run := range map[string]any{
		"PersistUser":       noted(f, "persist", &f.fake.persistUser),
		"ActivateUser":      noted(f, "activate", &f.fake.activateUser),
		"ExpireUser":        noted(f, "expire", &f.fake.expireUser),
		"SendOTP":           noted(f, "otp", &f.fake.sendOTP),
		"SendWelcomeEmail":  noted(f, "welcome", &f.fake.sendWelcomeEmail),
		"SendCompletionSMS": noted(f, "completion", &f.fake.sendCompletionSMS),
		"SendAccountExists": noted(f, "exists", &f.fake.sendAccountExists),
		"SendEmailReleased": noted(f, "released", &f.fake.sendEmailReleased),
		"ConfirmEmail":      noted(f, "confirm", &f.fake.confirmEmail),
		"DisownEmail":       noted(f, "disown", &f.fake.disownEmail),
		"RecordMessage":     noted(f, "ledger", &f.fake.recordMessage),
		"RecordEvent":       noted(f, "record", &f.fake.recordEvent),
		"DeliverEvents":     noted(f, "deliver", &f.fake.deliverEvents),
	} {
		f.env.RegisterActivityWithOptions(run, activity.RegisterOptions{Name: name})
	}
}

// noted is the activity that *run names when it is called. It records the call.
func noted[I, O any](f *fixture, name string, run *func(context.Context, I) (O, error)) func(context.Context, I) (O, error) {
	return func(ctx context.Context, in I) (O, error) {
		f.mu.Lock()
		f.calls = append(f.calls, name)
		f.mu.Unlock()
		return (*run)(ctx, in)
	}
}

func stored(status user.Status) workflows.PersistResult {
	return workflows.PersistResult{Persisted: user.Persisted{UserID: "u-1", Status: status}}
}

func refused(code user.Code) workflows.PersistResult { return workflows.PersistResult{Refusal: code} }

func sentBy(provider string) workflows.SendResult {
	return workflows.SendResult{Receipt: message.Receipt{Provider: provider, MessageID: "m-1"}}
}

// written is a write of search attributes as text: the status, and the reason, or - if the reason is removed.
func written(sa temporal.SearchAttributes) string {
	status := temporal.NewSearchAttributeKeyKeyword(workflows.AttributeStatus)
	reason := temporal.NewSearchAttributeKeyKeyword(workflows.AttributeFailureReason)
	text, _ := sa.GetKeyword(status)
	others := sa.Size() - 1
	if why, ok := sa.GetKeyword(reason); ok {
		text += " " + why
		others--
	} else if strings.Contains(fmt.Sprint(sa), reason.GetName()) { // the accessors hide what is taken away
		text += " -"
	}
	if others != 0 || !sa.ContainsKey(status) {
		text += " and others"
	}
	return text
}

// at calls do when the registration is so old.
func (f *fixture) at(age time.Duration, do func()) { f.env.RegisterDelayedCallback(do, age) }

func (f *fixture) signalAt(age time.Duration, name string) {
	f.at(age, func() { f.env.SignalWorkflow(name, nil) })
}

// run runs the registration to its end.
func (f *fixture) run() (workflows.RegistrationResult, error) {
	f.t.Helper()
	f.env.ExecuteWorkflow(workflows.RegistrationWorkflowType, f.in)
	require.True(f.t, f.env.IsWorkflowCompleted())
	if err := f.env.GetWorkflowError(); err != nil {
		return workflows.RegistrationResult{}, err
	}
	var out workflows.RegistrationResult
	require.NoError(f.t, f.env.GetWorkflowResult(&out))
	require.Equal(f.t, f.state().Outcome, out.Outcome, "the result has what the query answers")
	return out, nil
}

// ends runs the registration and requires it to complete with a status.
func (f *fixture) ends(want workflows.RegistrationStatus) {
	f.t.Helper()
	out, err := f.run()
	require.NoError(f.t, err)
	require.Equal(f.t, want, out.Status)
}

// fails runs the registration and requires it to fail for a reason.
func (f *fixture) fails(want workflows.FailureReason) {
	f.t.Helper()
	_, err := f.run()
	var app *temporal.ApplicationError
	require.ErrorAs(f.t, err, &app)
	require.Equal(f.t, string(want), app.Type())
	require.True(f.t, app.NonRetryable())
}

func (f *fixture) state() workflows.RegistrationState {
	f.t.Helper()
	value, err := f.env.QueryWorkflow(workflows.QueryState)
	require.NoError(f.t, err)
	var s workflows.RegistrationState
	require.NoError(f.t, value.Get(&s))
	return s
}

// details returns the current details in the Web UI.
func (f *fixture) details() string {
	f.t.Helper()
	value, err := f.env.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(f.t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(f.t, value.Get(&metadata))
	return metadata.GetCurrentDetails()
}

// called counts the calls of an activity.
func (f *fixture) called(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(f.calls), func(call string) bool { return call != name }))
}
