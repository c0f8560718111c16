package main

import (
	"context"
	"fmt"
	"time"

	testparts "registrar/test/parts"
)

// memoryPart measures the memory of dev: while 50 callers register, over thousands of registrations, and with many that wait
// for their code.
func memoryPart(ctx context.Context, r *Run) error {
	if err := loadedMemory(ctx, r); err != nil {
		return err
	}
	return waitingMemory(ctx, r)
}

// loadedMemory completes registrations until there were so many, and compares the memory at the end of the first and of the
// last tenth.
func loadedMemory(ctx context.Context, r *Run) error {
	s, err := startService(ctx, r)
	if err != nil {
		return err
	}
	count := Pick(r, 3000, 50)
	atFirst, peak := 0.0, 0.0
	var done int
	for tenth := range 10 {
		err := testparts.Each(count/10, 50, func(int) error {
			_, err := s.completeNext(ctx)
			return err
		})
		if err != nil {
			return err
		}
		done += count / 10
		rss, err := s.rss()
		if err != nil {
			return err
		}
		r.Logf("%d registrations, %.0f MB", done, rss)
		if tenth == 0 {
			atFirst = rss
		}
		peak = max(peak, rss)
		if tenth == 9 {
			r.Add("dev/rss/50-callers", fmt.Sprintf("memory of dev with its children, 50 callers, most of %d registrations", done), "MB", peak)
			r.Add("dev/rss/growth", fmt.Sprintf("memory after %d registrations, of that after %d", done, count/10), "", rss/atFirst)
		}
	}
	return s.Stop()
}

// waitingMemory starts registrations whose code nobody enters.
func waitingMemory(ctx context.Context, r *Run) error {
	s, err := startService(ctx, r, withoutHashing)
	if err != nil {
		return err
	}
	before, err := s.rss()
	if err != nil {
		return err
	}
	count := Pick(r, 10_000, 200)
	began := time.Now()
	err = testparts.Each(count, 50, func(int) error {
		_, err := s.registerNext(ctx)
		return err
	})
	if err != nil {
		return err
	}
	r.Logf("%d registrations wait, after %s", count, time.Since(began).Round(time.Second))
	after, err := s.rss()
	if err != nil {
		return err
	}
	r.Add("dev/rss/waiting", fmt.Sprintf("memory of dev with %d registrations waiting for their code", count), "MB", after)
	r.Add("dev/rss/per-waiting", "memory for each waiting registration", "kB", (after-before)/float64(count)*1000)
	return s.Stop()
}

// rss is the resident memory of the service and its children in MB.
func (s *service) rss() (float64, error) {
	u, err := s.Process().Usage()
	return float64(u.Resident) / 1e6, err
}
