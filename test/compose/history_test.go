//go:build docker

package compose

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// workflowEvents is the part of "temporal workflow show" that history prints. It has no payloads.
type workflowEvents struct {
	Events []struct {
		EventTime                            time.Time
		EventType                            string
		ActivityTaskScheduledEventAttributes struct{ ActivityType struct{ Name string } }
		ActivityTaskStartedEventAttributes   struct{ Attempt int }
	}
}

// pendingWork is the part of "temporal workflow describe" that history prints.
type pendingWork struct {
	PendingActivities []struct {
		ActivityType                                            struct{ Name string }
		State                                                   string
		Attempt                                                 int
		ScheduledTime, LastStartedTime, NextAttemptScheduleTime time.Time
	}
	PendingWorkflowTask *struct {
		State                      string
		Attempt                    int
		ScheduledTime, StartedTime time.Time
	}
}

// history describes a registration's workflow: its events and its pending work, with their times.
func (s *stack) history(registration string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "registration %s\n", registration)
	var history workflowEvents
	if err := s.workflow("show", registration, &history); err != nil {
		fmt.Fprintln(&b, err)
	}
	for _, e := range history.Events {
		fmt.Fprint(&b, clock(e.EventTime), " ", e.EventType)
		if name := e.ActivityTaskScheduledEventAttributes.ActivityType.Name; name != "" {
			fmt.Fprint(&b, " ", name)
		}
		if attempt := e.ActivityTaskStartedEventAttributes.Attempt; attempt != 0 {
			fmt.Fprint(&b, " attempt ", attempt)
		}
		fmt.Fprintln(&b)
	}
	var pending pendingWork
	if err := s.workflow("describe", registration, &pending); err != nil {
		fmt.Fprintln(&b, err)
	}
	for _, a := range pending.PendingActivities {
		fmt.Fprintf(&b, "pending activity %s: %s, attempt %d, scheduled %s, last started %s, next attempt %s\n",
			a.ActivityType.Name, a.State, a.Attempt, clock(a.ScheduledTime), clock(a.LastStartedTime), clock(a.NextAttemptScheduleTime))
	}
	if w := pending.PendingWorkflowTask; w != nil {
		fmt.Fprintf(&b, "pending workflow task: %s, attempt %d, scheduled %s, started %s\n", w.State, w.Attempt, clock(w.ScheduledTime), clock(w.StartedTime))
	}
	return b.String()
}

// workflow runs a command of the temporal program that reads the workflow of a registration.
func (s *stack) workflow(command, registration string, into any) error {
	out, err := s.try("exec", s.container("temporal"), "temporal", "workflow", command, "--workflow-id", "registration-"+registration,
		"--namespace", "registrar", "--address", "passthrough:///temporal:7233", "--command-timeout", "20s", "--output", "json")
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return json.Unmarshal([]byte(out), into)
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }
