package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"registrar/workflows"
)

// The limits of History. A normal registration has one or two runs of about 50 events.
const (
	MaxRuns   = 20
	MaxEvents = 20_000 // of all runs together
)

// History has Temporal's histories of a registration. It has no runs if Temporal has deleted the workflow.
type History struct {
	Runs []Run
	// CurrentRunID is the id of the latest run, and Pending its activities in progress.
	CurrentRunID string
	Pending      []*workflow.PendingActivityInfo
	// Truncated is true if there are more than MaxRuns runs or MaxEvents events.
	Truncated bool
}

// Run is one run of a workflow.
type Run struct {
	ID     string
	Events []*history.HistoryEvent
}

// History reads every run of a registration that Temporal retains, in no particular order. The id is a UUID. The error is
// never ErrNotFound.
func (r *Registrations) History(ctx context.Context, registrationID string) (h History, err error) {
	workflowID := workflows.RegistrationWorkflowID(registrationID)
	ids, more, err := r.listRuns(ctx, workflowID)
	if err != nil {
		return h, err
	}
	current, err := r.client.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil && !isNotFound(err) {
		return h, r.translate("look up", err)
	}
	h = History{
		CurrentRunID: current.GetWorkflowExecutionInfo().GetExecution().GetRunId(), Pending: current.GetPendingActivities(), Truncated: more,
	}
	// Visibility is updated with a delay: the current run may not be listed yet.
	if h.CurrentRunID != "" && !slices.Contains(ids, h.CurrentRunID) {
		ids = append(ids, h.CurrentRunID)
	}
	left := MaxEvents
	for _, id := range ids {
		events, err := r.readRun(ctx, workflowID, id, left)
		if isNotFound(err) { // already deleted, but still listed
			continue
		}
		if err != nil {
			return h, r.translate(fmt.Sprintf("read run %s of", id), err)
		}
		left -= len(events)
		h.Truncated = h.Truncated || left == 0
		h.Runs = append(h.Runs, Run{id, events})
	}
	return h, nil
}

// listRuns returns the ids of at most MaxRuns runs in visibility, and whether there are more.
func (r *Registrations) listRuns(ctx context.Context, workflowID string) (ids []string, more bool, err error) {
	listed, err := r.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: MaxRuns, Query: fmt.Sprintf("WorkflowId = '%s'", workflowID),
	})
	if err != nil {
		return nil, false, r.translate("list the runs of", err)
	}
	for _, execution := range listed.GetExecutions() {
		ids = append(ids, execution.GetExecution().GetRunId())
	}
	ids = ids[:min(len(ids), MaxRuns)]
	return ids, len(listed.GetNextPageToken()) > 0 && len(ids) == MaxRuns, nil
}

// readRun reads at most limit events of a run, from the first.
func (r *Registrations) readRun(ctx context.Context, workflowID, runID string, limit int) ([]*history.HistoryEvent, error) {
	var events []*history.HistoryEvent
	iterator := r.client.GetWorkflowHistory(ctx, workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for len(events) < limit && iterator.HasNext() {
		event, err := iterator.Next()
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

func isNotFound(err error) bool {
	_, ok := errors.AsType[*serviceerror.NotFound](err)
	return ok
}
