package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// stepRunner runs the steps of a workflow and parks those that used up their budget. It shows them to operators: in the
// search attributes, the current details, the log and the metrics. All workflows embed it.
type stepRunner struct {
	workflow    parkable
	budgets     Budgets
	parkingTime time.Duration // how long a parked step waits for an operator

	parked       map[step]stepFailure
	retrySignals int   // so far
	abandoned    bool  // an operator abandoned the parked steps
	made         bool  // the change is made, see UpdateMade
	ended        bool  // no step runs any more, except those of events
	failure      error // the final error of a parallel step
	events       eventDelivery

	published published
	details   []string // lines of the current details
}

func newStepRunner(w parkable, b Budgets, parkingTime time.Duration, p published) stepRunner {
	return stepRunner{workflow: w, budgets: b, parkingTime: parkingTime, parked: map[step]stepFailure{}, published: p}
}

// parkable is a workflow whose steps can park.
type parkable interface {
	// unavailable returns the reason of a step that used up its budget without a report of its activity.
	unavailable(step) FailureReason
	// publicStatus returns the status to publish while no step is parked.
	publicStatus() string
	// detailHeader returns the beginning of the current details. failed describes a parked step, or is empty.
	detailHeader(failed string) string
}

// published are the search attributes of a workflow as last written.
type published struct {
	attribute temporal.SearchAttributeKeyKeyword // has the status
	status    string
	reason    FailureReason
}

// park waits for an operator after a step used up its budget with the error cause. It returns nil on the signal retry, and
// an error if the step is abandoned, waits too long or is cancelled.
//
// Meanwhile the search attributes have the status failed and the reason, so that operators find the workflow. The workflow
// stays running, so that a retry runs only this step again.
func (r *stepRunner) park(ctx workflow.Context, s step, f *stepFailure, cause error) error {
	f.reason, f.at = reasonOf(cause, r.workflow.unavailable(s)), workflow.Now(ctx)
	f.parkings++
	r.parked[s] = *f
	seen := r.retrySignals
	r.addDetail(ctx, fmt.Sprintf("could not %s: %s%s", s.action(), f.reason, f.last))
	report(ctx, stepParked, s, *f)
	if err := r.publish(ctx); err != nil {
		return err
	}
	options := workflow.AwaitOptions{
		Timeout: r.parkingTime, TimerOptions: workflow.TimerOptions{Summary: "wait for an operator: " + s.action()},
	}
	signaled, err := workflow.AwaitWithOptions(ctx, options, func() bool { return r.retrySignals > seen || r.abandoned })
	if err == nil && (!signaled || r.abandoned) {
		report(ctx, stepAbandoned, s, *f)
		return r.parkedError()
	}
	delete(r.parked, s)
	if err != nil {
		r.addDetail(ctx, "no longer needed: "+s.action())
		report(ctx, stepCancelled, s, *f)
		return errors.Join(err, r.publish(ctx))
	}
	r.addDetail(ctx, "retry by an operator: "+s.action())
	report(ctx, stepRetried, s, *f)
	return r.publish(ctx)
}

// firstParked returns the parked step with the greatest effect on the user, by stepOrder.
func (r *stepRunner) firstParked() (step, bool) {
	for _, s := range stepOrder {
		if _, ok := r.parked[s]; ok {
			return s, true
		}
	}
	return "", false
}

// parkedError is the error of a workflow that fails while steps are parked. Its type is the reason in the search
// attributes. It is nil if no step is parked.
func (r *stepRunner) parkedError() error {
	first, ok := r.firstParked()
	if !ok {
		return nil
	}
	return temporal.NewNonRetryableApplicationError("could not "+first.action(), string(r.parked[first].reason), nil)
}

// publish updates the search attributes if they changed.
func (r *stepRunner) publish(ctx workflow.Context) error {
	status, reason := r.workflow.publicStatus(), FailureReason("")
	if s, ok := r.firstParked(); ok {
		status, reason = statusFailed, r.parked[s].reason
	}
	if status == r.published.status && reason == r.published.reason {
		return nil
	}
	updates := []temporal.SearchAttributeUpdate{r.published.attribute.ValueSet(status)}
	if reason != "" {
		updates = append(updates, attributeReason.ValueSet(string(reason)))
	} else if r.published.reason != "" {
		updates = append(updates, attributeReason.ValueUnset())
	}
	r.published.status, r.published.reason = status, reason
	return workflow.UpsertTypedSearchAttributes(ctx, updates...)
}

// retry runs the parked steps again.
func (r *stepRunner) retry() { r.retrySignals++ }

// abandon ends the workflow as failed if a step is parked.
func (r *stepRunner) abandon() { r.abandoned = r.abandoned || len(r.parked) > 0 }

// stepEvent is what happens to a step that used up its budget. A metric counts it.
type stepEvent string

const (
	stepParked    stepEvent = "parked"
	stepRetried   stepEvent = "retried"   // an operator sent the signal retry
	stepRecovered stepEvent = "recovered" // a step that had parked has succeeded
	stepAbandoned stepEvent = "abandoned" // by an operator, or after the parking time: the workflow fails
	stepCancelled stepEvent = "cancelled" // no longer needed
)

// report logs and counts an event of a step. The SDK adds the ids of the workflow to the log, and to both the namespace, the
// task queue and the workflow type. It reports nothing during a replay.
func report(ctx workflow.Context, event stepEvent, s step, f stepFailure) {
	log := workflow.GetLogger(ctx).Info
	if event == stepParked || event == stepAbandoned {
		log = workflow.GetLogger(ctx).Warn
	}
	log("step "+string(event), "step", string(s), "reason", string(f.reason), "parkings", f.parkings, "attempts", f.attempts)
	tags := map[string]string{"step": string(s), "reason": string(f.reason)}
	workflow.GetMetricsHandler(ctx).WithTags(tags).Counter(metricSteps + string(event)).Inc(1)
}

// reportRecovery reports the success of a step if it has parked before.
func reportRecovery(ctx workflow.Context, s step, f stepFailure) {
	if f.parkings > 0 {
		report(ctx, stepRecovered, s, f)
	}
}
