package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.temporal.io/sdk/client"

	testparts "registrar/test/parts"
)

// journeys are the kinds of registrations whose cost in Temporal is counted.
var journeys = []struct {
	key, name string
	settings  []string // of the service
	events    bool     // whether it has an endpoint for events
	number    bool     // whether the user gives a number
	enters    bool     // whether the user enters the code
}{
	{"sms", "by SMS", nil, false, true, true},
	{"email", "by email", nil, false, false, true},
	{"expired", "never verified", []string{"OTP_TTL=1s", "VERIFICATION_WINDOW=1s"}, false, true, false},
	{"events", "by SMS, with an endpoint for events", nil, true, true, true},
}

// costPart counts what a registration costs in Temporal. The counts vary by one or two workflow tasks, so it reports the
// median of several registrations.
func costPart(ctx context.Context, r *Run) error {
	for _, j := range journeys {
		start := startService
		if j.events {
			start = startServiceWith
		}
		s, err := start(ctx, r, append(j.settings, withoutHashing)...)
		if err != nil {
			return err
		}
		c, err := dial(s)
		if err != nil {
			return err
		}
		var all []record
		for range Pick(r, 15, 3) {
			h, err := s.journey(ctx, c, j.number, j.enters)
			if err != nil {
				return fmt.Errorf("a registration %s: %w", j.name, err)
			}
			all = append(all, h)
		}
		c.Close()
		reportCost(r, j.key, j.name, all)
		if err := s.Stop(); err != nil {
			return err
		}
	}
	return nil
}

// journey runs a registration to its end, and reads its history.
func (s *service) journey(ctx context.Context, c client.Client, number, enters bool) (record, error) {
	form := s.form()
	if !number {
		form.MobileNumber = ""
	}
	var h testparts.Handle
	var err error
	if enters {
		h, _, err = s.complete(ctx, form)
	} else {
		h, _, err = s.register(ctx, form)
	}
	if err != nil {
		return record{}, err
	}
	return readRecord(ctx, c, workflowID(h))
}

func reportCost(r *Run, key, name string, all []record) {
	add := func(what, words string, value func(record) float64) {
		values := make([]float64, len(all))
		for i, h := range all {
			values[i] = value(h)
		}
		r.Add("temporal/"+key+"/"+what, fmt.Sprintf("%s, %s", name, words), "", values...)
	}
	add("events", "history events", func(h record) float64 { return float64(len(h.events)) })
	add("tasks", "workflow tasks", func(h record) float64 { return float64(h.tasks()) })
	add("bytes", "bytes of history", func(h record) float64 { return float64(h.bytes) })
	add("transitions", "state transitions", func(h record) float64 { return float64(h.transitions) })
	kinds := all[0].actions()
	add("actions", "billable actions ("+listActions(kinds)+")", func(h record) float64 { return float64(sum(h.actions())) })
}

func sum(counts map[string]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

func listActions(counts map[string]int) string {
	var text []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		text = append(text, fmt.Sprintf("%s %d", kind, counts[kind]))
	}
	return strings.Join(text, ", ")
}
