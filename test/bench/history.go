package main

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"

	testparts "registrar/test/parts"
)

// record is the finished history of a workflow.
type record struct {
	events      []*history.HistoryEvent
	bytes       int64
	transitions int64
}

// readRecord waits for the end of a workflow and reads its history. It polls, because the SDK's wait was seen to end 20 s late.
func readRecord(ctx context.Context, c client.Client, workflowID string) (record, error) {
	var h record
	err := testparts.Await(ctx, time.Minute, nil, func(ctx context.Context) error {
		d, err := c.DescribeWorkflowExecution(ctx, workflowID, "")
		if err != nil {
			return err
		}
		info := d.GetWorkflowExecutionInfo()
		if info.GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
			return fmt.Errorf("workflow %s is %s", workflowID, info.GetStatus())
		}
		h.bytes, h.transitions = info.GetHistorySizeBytes(), info.GetStateTransitionCount()
		return nil
	})
	if err != nil {
		return record{}, err
	}
	events := c.GetWorkflowHistory(ctx, workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return record{}, err
		}
		h.events = append(h.events, e)
	}
	return h, nil
}

// kinds counts the events by type, in the words of Temporal's Web UI, without those of workflow tasks: how many tasks there
// are depends on which activities happen to end together.
func (h record) kinds() map[string]int {
	counts := make(map[string]int)
	for _, e := range h.events {
		if kind := e.GetEventType().String(); !strings.HasPrefix(kind, "WorkflowTask") {
			counts[kind]++
		}
	}
	return counts
}

// tasks is the number of completed workflow tasks.
func (h record) tasks() (n int) {
	for _, e := range h.events {
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			n++
		}
	}
	return n
}

// differences names the types of events of which two histories have different numbers.
func differences(a, b record) string {
	left, right := a.kinds(), b.kinds()
	var text []string
	all := maps.Clone(left)
	maps.Copy(all, right)
	for kind := range all {
		if left[kind] != right[kind] {
			text = append(text, fmt.Sprintf("%s %d and %d", kind, left[kind], right[kind]))
		}
	}
	return strings.Join(text, ", ")
}

// actions counts the billable actions of Temporal Cloud in a history, by kind, according to
// https://docs.temporal.io/cloud/actions. Not in a history, and so not counted here, are queries, rejected updates and
// heartbeats; a registration has none of them unless the user mistypes.
func (h record) actions() map[string]int {
	counts := make(map[string]int)
	marked := make(map[int64]bool) // by workflow task: its local activities are one action together
	for _, e := range h.events {
		switch e.GetEventType() { //nolint:exhaustive // the other events cost nothing
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			counts["start"]++
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
			counts["update"]++
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			counts["signal"]++
		case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			counts["activity"]++
		case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			counts["activity retry"] += int(e.GetActivityTaskStartedEventAttributes().GetAttempt()) - 1
		case enums.EVENT_TYPE_TIMER_STARTED:
			counts["timer"]++
		case enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
			counts["search attributes"]++
		case enums.EVENT_TYPE_MARKER_RECORDED:
			if task := e.GetMarkerRecordedEventAttributes().GetWorkflowTaskCompletedEventId(); !marked[task] {
				marked[task] = true
				counts["local activities of a workflow task"]++
			}
		}
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	return counts
}

// script has the sizes of the payloads of a registration in bytes, so that the ceiling's workflow can have payloads of the
// same sizes.
type script struct {
	Input, Result       int
	Persisted           int // answer to the first update
	VerifyIn, VerifyOut int
	Local               []int // results of the local activities, in order
	Activities          []activityScript
}

type activityScript struct {
	Queue   string
	In, Out int
}

// scriptOf reads the sizes from the history of a registration with a code by SMS.
func scriptOf(h record) script {
	var s script
	at := make(map[int64]int) // index of an activity by the event that scheduled it
	for _, e := range h.events {
		switch a := e.GetAttributes().(type) {
		case *history.HistoryEvent_WorkflowExecutionStartedEventAttributes:
			s.Input = size(a.WorkflowExecutionStartedEventAttributes.GetInput())
		case *history.HistoryEvent_WorkflowExecutionCompletedEventAttributes:
			s.Result = size(a.WorkflowExecutionCompletedEventAttributes.GetResult())
		case *history.HistoryEvent_WorkflowExecutionUpdateAcceptedEventAttributes:
			s.VerifyIn = size(a.WorkflowExecutionUpdateAcceptedEventAttributes.GetAcceptedRequest().GetInput().GetArgs())
		case *history.HistoryEvent_WorkflowExecutionUpdateCompletedEventAttributes:
			answer := size(a.WorkflowExecutionUpdateCompletedEventAttributes.GetOutcome().GetSuccess())
			if s.Persisted == 0 {
				s.Persisted = answer
			} else {
				s.VerifyOut = answer
			}
		case *history.HistoryEvent_MarkerRecordedEventAttributes:
			s.Local = append(s.Local, size(a.MarkerRecordedEventAttributes.GetDetails()["result"]))
		case *history.HistoryEvent_ActivityTaskScheduledEventAttributes:
			at[e.GetEventId()] = len(s.Activities)
			scheduled := a.ActivityTaskScheduledEventAttributes
			s.Activities = append(s.Activities, activityScript{Queue: scheduled.GetTaskQueue().GetName(), In: size(scheduled.GetInput())})
		case *history.HistoryEvent_ActivityTaskCompletedEventAttributes:
			completed := a.ActivityTaskCompletedEventAttributes
			s.Activities[at[completed.GetScheduledEventId()]].Out = size(completed.GetResult())
		}
	}
	return s
}

// plainOverhead is the size of the metadata that the SDK adds to bytes.
const plainOverhead = 30

// size is how many bytes a value must have so that its payload is as large as p.
func size(p *common.Payloads) int { return max(proto.Size(p)-plainOverhead, 0) }
