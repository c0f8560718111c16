package metrics

import "registrar/workflows"

// recording describes a metric that Temporal's SDK or a workflow records, by the name that it has there.
type recording struct {
	help    string
	labels  []string
	buckets []float64 // of a timer
}

// The labels of the SDK's metrics.
const (
	byQueue     = "task_queue"
	byWorkflow  = "workflow_type"
	byActivity  = "activity_type"
	byOperation = "operation"
	byFailure   = "failure_reason"
	byWorker    = "worker_type"
	byPoller    = "poller_type"
	byStatus    = "status_code"
)

var counters = map[string]recording{
	workflows.MetricStarted: {help: "Registrations that started."},
	workflows.MetricOutcomes: {
		help:   "Registrations by outcome, once each, as soon as it is certain: active, rejected, superseded, expired, cancelled, failed.",
		labels: []string{"outcome"},
	},
	workflows.MetricCodesSent: {
		help:   "Codes that a provider accepted. country is that of the number, and empty for email.",
		labels: []string{"channel", "provider", "country"},
	},
	workflows.MetricCodesVerified: {
		help:   "Codes that a user entered, with the labels of the code that was sent.",
		labels: []string{"channel", "provider", "country"},
	},
	workflows.MetricStepsParked:    {help: "Steps that used up their retry budget and wait for an operator.", labels: []string{"reason"}},
	workflows.MetricStepsRetried:   {help: "Parked steps that an operator retried.", labels: []string{"reason"}},
	workflows.MetricStepsRecovered: {help: "Parked steps that succeeded in a retry.", labels: []string{"reason"}},
	workflows.MetricStepsAbandoned: {help: "Parked steps that made their workflow fail.", labels: []string{"reason"}},
	workflows.MetricStepsCancelled: {help: "Parked steps that were no longer needed.", labels: []string{"reason"}},

	"temporal_request":                            {help: "Calls of Temporal.", labels: []string{byOperation}},
	"temporal_request_failure":                    {help: "Calls of Temporal that failed.", labels: []string{byOperation, byStatus}},
	"temporal_request_resource_exhausted":         {help: "Calls that Temporal refused because of a limit.", labels: []string{byOperation}},
	"temporal_long_request":                       {help: "Calls of Temporal that wait for something, such as polls.", labels: []string{byOperation}},
	"temporal_long_request_failure":               {help: "Calls that wait and failed.", labels: []string{byOperation, byStatus}},
	"temporal_long_request_resource_exhausted":    {help: "Calls that wait and that Temporal refused because of a limit.", labels: []string{byOperation}},
	"temporal_workflow_completed":                 {help: "Workflows that completed.", labels: []string{byWorkflow}},
	"temporal_workflow_canceled":                  {help: "Workflows that were cancelled.", labels: []string{byWorkflow}},
	"temporal_workflow_failed":                    {help: "Workflows that failed.", labels: []string{byWorkflow}},
	"temporal_workflow_continue_as_new":           {help: "Workflows that continued as new.", labels: []string{byWorkflow}},
	"temporal_workflow_task_execution_failed":     {help: "Workflow tasks that failed.", labels: []string{byWorkflow, byFailure}},
	"temporal_workflow_task_queue_poll_empty":     {help: "Polls for workflow tasks that got none.", labels: []string{byQueue}},
	"temporal_workflow_task_queue_poll_succeed":   {help: "Polls for workflow tasks that got one.", labels: []string{byQueue}},
	"temporal_activity_poll_no_task":              {help: "Polls for activities that got none.", labels: []string{byQueue}},
	"temporal_activity_execution_failed":          {help: "Attempts of activities that failed.", labels: []string{byActivity}},
	"temporal_activity_task_error":                {help: "Attempts of activities that panicked.", labels: []string{byActivity}},
	"temporal_unregistered_activity_invocation":   {help: "Activities that the worker does not know.", labels: []string{byActivity}},
	"temporal_local_activity_total":               {help: "Local activities.", labels: []string{byActivity}},
	"temporal_local_activity_execution_failed":    {help: "Attempts of local activities that failed.", labels: []string{byActivity}},
	"temporal_local_activity_error":               {help: "Attempts of local activities that panicked.", labels: []string{byActivity}},
	"temporal_corrupted_signals":                  {help: "Signals that could not be decoded.", labels: []string{byWorkflow}},
	"temporal_sticky_cache_hit":                   {help: "Workflow tasks whose workflow was in the cache."},
	"temporal_sticky_cache_miss":                  {help: "Workflow tasks whose workflow was not in the cache, so that its history was read."},
	"temporal_sticky_cache_total_forced_eviction": {help: "Workflows that left the cache, because they ended or it was full."},
}

var gauges = map[string]recording{
	"temporal_worker_task_slots_available": {help: "Tasks that the worker could run in addition.", labels: []string{byQueue, byWorker}},
	"temporal_worker_task_slots_used":      {help: "Tasks that the worker runs.", labels: []string{byQueue, byWorker}},
	"temporal_num_pollers":                 {help: "Polls in progress.", labels: []string{byQueue, byPoller}},
	"temporal_sticky_cache_size":           {help: "Workflows in the cache of the process."},
}

var timers = map[string]recording{
	workflows.MetricHandover: {help: "Time from the start of a registration until a provider accepted its first code.", buckets: waitBuckets},
	workflows.MetricEntry:    {help: "Time from the acceptance of a code by a provider until a user entered it.", buckets: waitBuckets},

	"temporal_long_request_latency":                    {"Duration of calls that wait, such as the start of a registration until the user is stored.", []string{byOperation}, callBuckets},
	"temporal_request_latency":                         {"Duration of calls of Temporal.", []string{byOperation}, callBuckets},
	"temporal_workflow_endtoend_latency":               {"Duration of workflows.", []string{byWorkflow}, waitBuckets},
	"temporal_workflow_task_schedule_to_start_latency": {"Time that workflow tasks waited for a worker.", []string{byQueue}, waitBuckets},
	"temporal_workflow_task_execution_latency":         {"Duration of workflow tasks.", []string{byWorkflow}, callBuckets},
	"temporal_workflow_task_replay_latency":            {"Duration of replays of histories.", []string{byWorkflow}, callBuckets},
	"temporal_activity_schedule_to_start_latency":      {"Time that activities waited for a worker.", []string{byQueue}, waitBuckets},
	"temporal_activity_execution_latency":              {"Duration of attempts of activities.", []string{byActivity}, callBuckets},
	"temporal_activity_succeed_endtoend_latency":       {"Time from the schedule of an activity to its success.", []string{byActivity}, waitBuckets},
	"temporal_local_activity_execution_latency":        {"Duration of attempts of local activities.", []string{byActivity}, callBuckets},
	"temporal_local_activity_succeed_endtoend_latency": {"Time from the schedule of a local activity to its success.", []string{byActivity}, callBuckets},
}
