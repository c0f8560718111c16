package worker

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/activities"
	"registrar/workflows"
)

// registryFake records registrations; any other call panics.
type registryFake struct {
	worker.Registry
	registerActivity func(any, activity.RegisterOptions)
	registerWorkflow func(any, workflow.RegisterOptions)
}

func (f *registryFake) RegisterActivityWithOptions(a any, o activity.RegisterOptions) {
	f.registerActivity(a, o)
}
func (f *registryFake) RegisterWorkflowWithOptions(w any, o workflow.RegisterOptions) {
	f.registerWorkflow(w, o)
}

// functionName is the last part of a function's or method's name.
func functionName(f any) string {
	full := strings.TrimSuffix(runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name(), "-fm")
	return full[strings.LastIndexByte(full, '.')+1:]
}

// registered lists a queue's registrations, each by the name of its function.
func registered(t *testing.T, queue string) (acts, flows []string) {
	t.Helper()
	fake := &registryFake{
		registerActivity: func(a any, o activity.RegisterOptions) {
			require.Equal(t, activity.RegisterOptions{Name: functionName(a)}, o)
			acts = append(acts, o.Name)
		},
		registerWorkflow: func(w any, o workflow.RegisterOptions) {
			require.Equal(t, workflow.RegisterOptions{Name: functionName(w)}, o)
			flows = append(flows, o.Name)
		},
	}
	register(fake, queue, &activities.Activities{})
	return acts, flows
}

func TestRegister(t *testing.T) {
	t.Parallel()
	for queue, want := range map[string]struct{ activities, workflows []string }{
		workflows.QueueRegistration: {
			[]string{
				"PersistUser", "ActivateUser", "ExpireUser", "RecordMessage", "RecordEvent", "ConfirmEmail", "DisownEmail",
				"ChangeUser", "StopWorkflows", "ForgetLimits", "EraseUser", "DeleteHistories", "CompleteErasure", "DeleteExpired",
				"StoreCampaign", "StartCampaign", "SetCampaignStatus", "RecordCampaignBatch",
			},
			[]string{
				workflows.RegistrationWorkflowType, workflows.EmailLinkWorkflowType, workflows.UserChangeWorkflowType,
				workflows.EventDeliveryWorkflowType, workflows.EventSweepWorkflowType, workflows.RetentionWorkflowType,
				workflows.CampaignWorkflowType,
			},
		},
		workflows.QueueNotificationsHigh: {[]string{"SendOTP", "SendAccountExists"}, nil},
		workflows.QueueNotificationsLow:  {[]string{"SendWelcomeEmail", "SendEmailReleased", "SendCompletionSMS", "SendCampaignBatch"}, nil},
		workflows.QueueEvents:            {[]string{"DeliverEvents", "CountEvents", "ReplayEvents", "SweepEvents"}, nil},
	} {
		acts, flows := registered(t, queue)
		require.Equal(t, want.activities, acts, queue)
		require.Equal(t, want.workflows, flows, queue)
	}
}

// A queue is polled for the types of tasks that are registered on it.
func TestTaskTypes(t *testing.T) {
	t.Parallel()
	for _, queue := range workflows.Queues {
		acts, flows := registered(t, queue)
		require.Equal(t, len(acts) > 0, slices.Contains(TaskTypes(queue), enums.TASK_QUEUE_TYPE_ACTIVITY), queue)
		require.Equal(t, len(flows) > 0, slices.Contains(TaskTypes(queue), enums.TASK_QUEUE_TYPE_WORKFLOW), queue)
	}
}

func TestEveryActivityHasOneQueue(t *testing.T) {
	t.Parallel()
	var all []string
	for _, queue := range workflows.Queues {
		acts, _ := registered(t, queue)
		require.NotEmpty(t, acts, queue)
		all = append(all, acts...)
	}
	var want []string
	for method := range reflect.TypeFor[workflows.Activities]().Methods() {
		want = append(want, method.Name)
	}
	require.ElementsMatch(t, want, all)
}

func TestStartRefusesAnUnknownQueue(t *testing.T) {
	t.Parallel()
	workers, err := Start(nil, &activities.Activities{}, Options{Queues: []string{workflows.QueueRegistration, "notification-high"}})
	require.EqualError(t, err,
		`unknown task queue "notification-high" (known: ["registration" "notifications-high" "notifications-low" "events"])`)
	require.Empty(t, workers)
}

func TestStopWithoutWorkers(t *testing.T) {
	t.Parallel()
	Workers(nil).Stop()
}
