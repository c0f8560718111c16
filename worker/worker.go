// Package worker serves task queues: it decides which workflows and activities a process runs, how many at a time,
// and how it stops.
package worker

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"registrar/activities"
	"registrar/workflows"
)

// Options say what a process serves.
type Options struct {
	Queues []string // of workflows.Queues
	// Concurrency bounds the activities that run at a time, for each queue.
	Concurrency int
	// PerSecond bounds the activities that start on a queue each second over all its workers together; a queue that
	// is not listed has no bound.
	PerSecond map[string]float64
	// Deployment is the version that these workers are of.
	Deployment Deployment
	// StopTimeout is how long Stop waits for running activities. What has not ended by then is retried by another worker.
	StopTimeout time.Duration
	// Fatal hears of an error that a worker cannot recover from, such as a namespace that is gone.
	Fatal func(error)
}

// Deployment is a version of the workers, for Temporal's Worker Versioning. Without a Name the workers have no version
// and take every task; with one they take those that the server routes to their version, which is none before an
// operator made it the current one.
type Deployment struct {
	Name    string
	BuildID string
	// Pinned registrations end on the version that they began on. Others go over to the current version, whose code must
	// replay their histories.
	Pinned bool
}

func (d Deployment) options() worker.DeploymentOptions {
	if d.Name == "" {
		return worker.DeploymentOptions{}
	}
	behavior := workflow.VersioningBehaviorAutoUpgrade
	if d.Pinned {
		behavior = workflow.VersioningBehaviorPinned
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: d.Name, BuildID: d.BuildID},
		DefaultVersioningBehavior: behavior,
	}
}

// TaskTypes are the types of tasks that a worker polls a queue for.
func TaskTypes(queue string) []enums.TaskQueueType {
	if queue == workflows.QueueRegistration {
		return []enums.TaskQueueType{enums.TASK_QUEUE_TYPE_WORKFLOW, enums.TASK_QUEUE_TYPE_ACTIVITY}
	}
	return []enums.TaskQueueType{enums.TASK_QUEUE_TYPE_ACTIVITY}
}

// Workers are the running workers of a process.
type Workers []worker.Worker

// Start serves the queues until Stop.
func Start(c client.Client, a *activities.Activities, o Options) (Workers, error) {
	var started Workers
	for _, queue := range o.Queues {
		if !slices.Contains(workflows.Queues, queue) {
			return nil, fmt.Errorf("no such task queue: %q (there are %q)", queue, workflows.Queues)
		}
	}
	for _, queue := range o.Queues {
		w := worker.New(c, queue, worker.Options{
			DisableWorkflowWorker:              !slices.Contains(TaskTypes(queue), enums.TASK_QUEUE_TYPE_WORKFLOW),
			MaxConcurrentActivityExecutionSize: o.Concurrency,
			TaskQueueActivitiesPerSecond:       o.PerSecond[queue],
			DeploymentOptions:                  o.Deployment.options(),
			WorkerStopTimeout:                  o.StopTimeout,
			OnFatalError:                       o.Fatal,
		})
		register(w, queue, a)
		if err := w.Start(); err != nil {
			started.Stop()
			return nil, fmt.Errorf("serve task queue %s: %w", queue, err)
		}
		started = append(started, w)
	}
	return started, nil
}

// Stop stops polling, waits for running activities up to Options.StopTimeout, and returns.
func (ws Workers) Stop() {
	done := make(chan struct{})
	for _, w := range ws {
		go func() { w.Stop(); done <- struct{}{} }()
	}
	for range ws {
		<-done
	}
}

func register(w worker.Registry, queue string, a *activities.Activities) {
	as := func(name string) activity.RegisterOptions { return activity.RegisterOptions{Name: name} }
	switch queue {
	case workflows.QueueRegistration:
		w.RegisterWorkflowWithOptions(workflows.RegistrationWorkflow,
			workflow.RegisterOptions{Name: workflows.RegistrationWorkflowType})
		w.RegisterActivityWithOptions(a.PersistUser, as("PersistUser"))
		w.RegisterActivityWithOptions(a.ActivateUser, as("ActivateUser"))
		w.RegisterActivityWithOptions(a.ExpireUser, as("ExpireUser"))
		w.RegisterActivityWithOptions(a.RecordMessage, as("RecordMessage"))
		w.RegisterWorkflowWithOptions(workflows.CampaignWorkflow, workflow.RegisterOptions{Name: workflows.CampaignWorkflowType})
		w.RegisterActivityWithOptions(a.StoreCampaign, as("StoreCampaign"))
		w.RegisterActivityWithOptions(a.StartCampaign, as("StartCampaign"))
		w.RegisterActivityWithOptions(a.SetCampaignStatus, as("SetCampaignStatus"))
		w.RegisterActivityWithOptions(a.RecordCampaignBatch, as("RecordCampaignBatch"))
	case workflows.QueueNotificationsHigh:
		w.RegisterActivityWithOptions(a.SendOTP, as("SendOTP"))
	case workflows.QueueNotificationsLow:
		w.RegisterActivityWithOptions(a.SendWelcomeEmail, as("SendWelcomeEmail"))
		w.RegisterActivityWithOptions(a.SendCompletionSMS, as("SendCompletionSMS"))
		w.RegisterActivityWithOptions(a.SendCampaignBatch, as("SendCampaignBatch"))
	}
}
