package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// usersPart compares the times of the answers with few and with many stored users. Hashing is off, because it would hide the
// difference.
func usersPart(ctx context.Context, r *Run) error {
	counts := Pick(r, []int{1_000, 1_000_000}, []int{1_000, 3_000})
	var services []*service
	for _, n := range counts {
		began := time.Now()
		s, err := startService(ctx, r, withoutHashing, "BENCH_USERS="+strconv.Itoa(n))
		if err != nil {
			return err
		}
		r.Logf("%d users are stored after %s", n, time.Since(began).Round(time.Second))
		services = append(services, s)
	}
	var s series
	for round := range Pick(r, 4, 1) {
		for i := range services {
			n := (i + round) % len(services) // each comes first in half of the rounds
			done, err := drive{
				callers: 10, warmup: Pick(r, time.Second, 200*time.Millisecond), window: Pick(r, 5*time.Second, time.Second),
				operate: services[n].completeNext,
			}.run(ctx)
			if err != nil {
				return err
			}
			answers := make([]time.Duration, len(done.samples))
			for i, s := range done.samples {
				answers[i] = s.answer
			}
			s.add(strconv.Itoa(n), latenciesOf(answers).p95)
		}
	}
	few, many := s.values["0"], s.values["1"]
	r.Add("dev/users/few/p95", fmt.Sprintf("POST → 201 without hashing, 10 callers, %d users, p95", counts[0]), "ms", few...)
	r.Add("dev/users/many/p95", fmt.Sprintf("the same with %d users", counts[1]), "ms", many...)
	r.Add("dev/users/p95-ratio", "ratio of the two", "", ratios(many, few)...)
	return nil
}
