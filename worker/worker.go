// Package worker serves task queues: it registers workflows and activities, limits how many run at a time, and drains.
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

// Options are the settings of a process's workers.
type Options struct {
	Queues []string // of workflows.Queues
	// Concurrency is the maximum number of activities at a time, for each queue.
	Concurrency int
	// CachedWorkflows is the maximum number of waiting workflows that the process keeps in memory, for all its workers; 0 means the
	// SDK's default of 10,000. Any other workflow is replayed from its history when something happens to it.
	CachedWorkflows int
	// PerSecond is the maximum number of activities that start per second, for each queue and all its workers together. A
	// queue without an entry has no limit.
	PerSecond map[string]float64
	// Deployment is the version of these workers.
	Deployment Deployment
	// StopTimeout is how long Stop waits for running activities. Another worker retries those that have not ended by then.
	StopTimeout time.Duration
	// Fatal is called with an error from which a worker cannot recover, such as a deleted namespace.
	Fatal func(error)
}

// Deployment is a version of the workers, for Temporal's Worker Versioning. Without a Name, the workers have no version and
// take every task. With a Name, they take the tasks that the server routes to their version: none until an operator makes
// it the current version.
type Deployment struct {
	Name    string
	BuildID string
	// Pinned means that a registration finishes on the version on which it started. Otherwise it moves to the current version,
	// whose code must replay its history.
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

// TaskTypes returns the types of tasks for which a worker polls a queue.
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
			return nil, fmt.Errorf("unknown task queue %q (known: %q)", queue, workflows.Queues)
		}
	}
	if o.CachedWorkflows > 0 {
		worker.SetStickyWorkflowCacheSize(o.CachedWorkflows)
	}
	for _, queue := range o.Queues {
		w := worker.New(c, queue, worker.Options{
			DisableWorkflowWorker:              !slices.Contains(TaskTypes(queue), enums.TASK_QUEUE_TYPE_WORKFLOW),
			MaxConcurrentActivityExecutionSize: o.Concurrency,
			WorkflowTaskPollerBehavior:         workflowPollers(),
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

// workflowPollers returns pollers for new workflows and others for those in memory, which have a task queue of the process (sticky).
// The SDK's fixed number of pollers would all serve the second kind until it has no backlog. After an outage of the database, with
// many registrations that continue at once, a new registration would wait for all of them.
func workflowPollers() worker.PollerBehavior {
	return worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: 4, MinimumNumberOfPollers: 2, MaximumNumberOfPollers: 20,
	})
}

// Stop stops polling and waits up to Options.StopTimeout for running activities.
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
		w.RegisterActivityWithOptions(a.RecordEvent, as("RecordEvent"))
		w.RegisterWorkflowWithOptions(workflows.EmailLinkWorkflow, workflow.RegisterOptions{Name: workflows.EmailLinkWorkflowType})
		w.RegisterActivityWithOptions(a.ConfirmEmail, as("ConfirmEmail"))
		w.RegisterActivityWithOptions(a.DisownEmail, as("DisownEmail"))
		registerChanges(w, a)
		w.RegisterWorkflowWithOptions(workflows.CampaignWorkflow, workflow.RegisterOptions{Name: workflows.CampaignWorkflowType})
		w.RegisterActivityWithOptions(a.StoreCampaign, as("StoreCampaign"))
		w.RegisterActivityWithOptions(a.StartCampaign, as("StartCampaign"))
		w.RegisterActivityWithOptions(a.SetCampaignStatus, as("SetCampaignStatus"))
		w.RegisterActivityWithOptions(a.RecordCampaignBatch, as("RecordCampaignBatch"))
	case workflows.QueueNotificationsHigh:
		w.RegisterActivityWithOptions(a.SendOTP, as("SendOTP"))
		w.RegisterActivityWithOptions(a.SendAccountExists, as("SendAccountExists"))
	case workflows.QueueNotificationsLow:
		w.RegisterActivityWithOptions(a.SendWelcomeEmail, as("SendWelcomeEmail"))
		w.RegisterActivityWithOptions(a.SendEmailReleased, as("SendEmailReleased"))
		w.RegisterActivityWithOptions(a.SendCompletionSMS, as("SendCompletionSMS"))
		w.RegisterActivityWithOptions(a.SendCampaignBatch, as("SendCampaignBatch"))
	case workflows.QueueEvents:
		w.RegisterActivityWithOptions(a.DeliverEvents, as("DeliverEvents"))
		w.RegisterActivityWithOptions(a.CountEvents, as("CountEvents"))
		w.RegisterActivityWithOptions(a.ReplayEvents, as("ReplayEvents"))
		w.RegisterActivityWithOptions(a.SweepEvents, as("SweepEvents"))
	}
}

func registerChanges(w worker.Registry, a *activities.Activities) {
	as := func(name string) activity.RegisterOptions { return activity.RegisterOptions{Name: name} }
	w.RegisterWorkflowWithOptions(workflows.UserChangeWorkflow, workflow.RegisterOptions{Name: workflows.UserChangeWorkflowType})
	w.RegisterActivityWithOptions(a.ChangeUser, as("ChangeUser"))
	w.RegisterActivityWithOptions(a.StopWorkflows, as("StopWorkflows"))
	w.RegisterActivityWithOptions(a.ForgetLimits, as("ForgetLimits"))
	w.RegisterActivityWithOptions(a.EraseUser, as("EraseUser"))
	w.RegisterActivityWithOptions(a.DeleteHistories, as("DeleteHistories"))
	w.RegisterActivityWithOptions(a.CompleteErasure, as("CompleteErasure"))
	w.RegisterWorkflowWithOptions(workflows.EventDeliveryWorkflow, workflow.RegisterOptions{Name: workflows.EventDeliveryWorkflowType})
	w.RegisterWorkflowWithOptions(workflows.EventSweepWorkflow, workflow.RegisterOptions{Name: workflows.EventSweepWorkflowType})
	w.RegisterWorkflowWithOptions(workflows.RetentionWorkflow, workflow.RegisterOptions{Name: workflows.RetentionWorkflowType})
	w.RegisterActivityWithOptions(a.DeleteExpired, as("DeleteExpired"))
}
