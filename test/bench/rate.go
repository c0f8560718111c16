package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// mode is a variant of the service.
type mode string

const (
	hashing mode = "hashing"
	plain   mode = "plain"
)

var modes = []mode{hashing, plain}

// words says which variant it is, after a figure.
func (m mode) words() string {
	if m == plain {
		return "without hashing"
	}
	return "with hashing"
}

func (m mode) settings() []string {
	if m == plain {
		return []string{withoutHashing}
	}
	return nil
}

// callerCounts are the numbers of callers of all parts that have several.
var callerCounts = []int{1, 10, 50}

// series collects the values of the rounds by the keys of their figures, in the order in which they first appear.
type series struct {
	keys   []string
	values map[string][]float64
}

func (s *series) add(key string, value float64) {
	if s.values == nil {
		s.values = make(map[string][]float64)
	}
	if _, ok := s.values[key]; !ok {
		s.keys = append(s.keys, key)
	}
	s.values[key] = append(s.values[key], value)
}

// ratePart measures rates, latencies and processor time, in rounds in which the variants and the ceilings take turns.
func ratePart(ctx context.Context, r *Run) error {
	p := &rates{run: r, services: make(map[mode]*service)}
	for _, m := range modes {
		s, err := startService(ctx, r, m.settings()...)
		if err != nil {
			return err
		}
		p.services[m] = s
	}
	if err := p.prepare(ctx); err != nil {
		return err
	}
	for round := range Pick(r, 3, 1) {
		for _, callers := range callerCounts {
			r.Logf("round %d, %d callers", round+1, callers)
			if err := p.round(ctx, callers); err != nil {
				return err
			}
		}
	}
	p.report()
	return nil
}

// rates are the measurements of ratePart.
type rates struct {
	run      *Run
	services map[mode]*service
	script   script
	series   series
}

// prepare reads the payload sizes of a registration, and compares the ceiling's workflow with it.
func (p *rates) prepare(ctx context.Context) error {
	c, err := dial(p.services[plain])
	if err != nil {
		return err
	}
	defer c.Close()
	for range 20 {
		if _, err := p.services[plain].completeNext(ctx); err != nil {
			return err
		}
	}
	h, _, err := p.services[plain].complete(ctx, p.services[plain].form())
	if err != nil {
		return err
	}
	real, err := readRecord(ctx, c, workflowID(h))
	if err != nil {
		return err
	}
	p.script = scriptOf(real)
	bare, err := p.temporal(ctx, 1, 0, time.Second)
	if err != nil {
		return err
	}
	ceiling, err := readRecord(ctx, c, bare.WorkflowID)
	if err != nil {
		return err
	}
	if text := differences(real, ceiling); text != "" {
		return fmt.Errorf("a registration and the ceiling's workflow have different events: %s; change test/bench/temporal.go", text)
	}
	p.run.Logf("events, workflow tasks and bytes: registration %d, %d, %d; ceiling %d, %d, %d",
		len(real.events), real.tasks(), real.bytes, len(ceiling.events), ceiling.tasks(), ceiling.bytes)
	p.run.Add("dev/ceiling/temporal/events-ratio", "events of the ceiling's workflow, of a registration's", "", float64(len(ceiling.events))/float64(len(real.events)))
	p.run.Add("dev/ceiling/temporal/bytes-ratio", "bytes of the ceiling's history, of a registration's", "", float64(ceiling.bytes)/float64(real.bytes))
	return nil
}

// round measures everything with so many callers once.
func (p *rates) round(ctx context.Context, callers int) error {
	warmup, window := Pick(p.run, 2*time.Second, 500*time.Millisecond), Pick(p.run, 7*time.Second, 2*time.Second)
	if callers > 10 { // they are in step for longer, and each waits for seconds
		warmup, window = warmup*2, window+window/4
	}
	for _, m := range modes {
		if err := p.measure(ctx, m, callers, warmup, window); err != nil {
			return err
		}
	}
	bare, err := p.hashing(ctx, window)
	if err != nil {
		return err
	}
	p.series.add("dev/ceiling/hashing/"+strconv.Itoa(callers), bare.PerSecond)
	p.series.add("dev/ceiling/hashing/cpu", milliseconds(bare.CPU)/float64(bare.All))
	return p.measureTemporal(ctx, callers, warmup, window)
}

// report reports the figures of all rounds.
func (p *rates) report() {
	v := p.series.values
	r := p.run
	for _, callers := range callerCounts {
		n := strconv.Itoa(callers)
		hash, bare := v["dev/ceiling/hashing/"+n], v["dev/ceiling/temporal/"+n]
		r.Add("dev/ceiling/hashing/"+n, "bare hashing in the rounds with "+count(callers), "/s", hash...)
		r.Add("dev/ceiling/temporal/"+n, "bare Temporal, "+count(callers), "/s", bare...)
		r.Add("dev/ceiling/temporal/"+n+"/cpu", "processor time of a bare workflow, "+count(callers), "ms", v["dev/ceiling/temporal/"+n+"/cpu"]...)
		for _, m := range modes {
			rate := v[fmt.Sprintf("dev/rate/%s/%d", m, callers)]
			what := fmt.Sprintf("registrations %s, %s", m.words(), count(callers))
			r.Add(fmt.Sprintf("dev/rate/%s/%d", m, callers), what, "/s", rate...)
			r.Add(fmt.Sprintf("dev/rate/%s/%d/of-temporal", m, callers), what+", of bare Temporal", "", ratios(rate, bare)...)
			if m == hashing {
				r.Add(fmt.Sprintf("dev/rate/%s/%d/of-hashing", m, callers), what+", of bare hashing", "", ratios(rate, hash)...)
			}
		}
	}
	p.reportLatencies()
	p.reportUsage()
}

// reportLatencies reports the times of the answers, and of the codes with hashing.
func (p *rates) reportLatencies() {
	for _, m := range modes {
		for _, callers := range callerCounts {
			p.reportAll(fmt.Sprintf("dev/answer/%s/%d", m, callers), fmt.Sprintf("POST → 201 %s, %s", m.words(), count(callers)))
		}
	}
	for _, callers := range callerCounts {
		p.reportAll(fmt.Sprintf("dev/code/%s/%d", hashing, callers), fmt.Sprintf("201 → code handed over %s, %s", hashing.words(), count(callers)))
	}
}

func (p *rates) reportAll(key, name string) {
	for _, rank := range []string{"p50", "p95", "p99", "max"} {
		p.run.Add(key+"/"+rank, name+", "+rank, "ms", p.series.values[key+"/"+rank]...)
	}
}

func (p *rates) reportUsage() {
	v := p.series.values
	p.run.Add("dev/ceiling/hashing/cpu", "processor time of a bare hash", "ms", v["dev/ceiling/hashing/cpu"]...)
	for _, m := range modes {
		for _, callers := range callerCounts {
			key, name := fmt.Sprintf("%s/%d", m, callers), fmt.Sprintf("%s, %s", m.words(), count(callers))
			p.run.Add("dev/cpu/"+key+"/total", "processor time of a registration "+name, "ms", v["dev/cpu/"+key+"/total"]...)
			if m == hashing {
				p.run.Add("dev/cpu/"+key+"/children", "of it in child processes", "ms", v["dev/cpu/"+key+"/children"]...)
			}
			p.run.Add("dev/alloc/"+key+"/bytes", "allocated for a registration "+name, "MB", v["dev/alloc/"+key+"/bytes"]...)
			p.run.Add("dev/alloc/"+key+"/objects", "objects allocated for it", "thousand", v["dev/alloc/"+key+"/objects"]...)
			p.run.Add("dev/refused/"+key, "refused requests for each registration "+name, "", v["dev/refused/"+key]...)
			p.run.Add("dev/generator/"+key, "the load generator's part of the processor time", "", v["dev/generator/"+key]...)
		}
	}
}

func count(callers int) string {
	if callers == 1 {
		return "1 caller"
	}
	return fmt.Sprintf("%d callers", callers)
}
