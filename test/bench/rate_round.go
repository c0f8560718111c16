package main

import (
	"context"
	"fmt"
	"time"

	testparts "registrar/test/parts"
)

// measure measures a variant of the service.
func (p *rates) measure(ctx context.Context, m mode, callers int, warmup, window time.Duration) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	u := &meter{service: p.services[m]}
	done, err := drive{
		callers: callers, warmup: warmup, window: window, operate: u.service.completeNext,
		begin: func() error { return u.begin(ctx) }, end: func() error { return u.end(ctx) },
	}.run(ctx)
	if err != nil {
		return fmt.Errorf("%d callers %s: %w", callers, m.words(), err)
	}
	answers, codes := make([]time.Duration, len(done.samples)), make([]time.Duration, len(done.samples))
	for i, s := range done.samples {
		answers[i], codes[i] = s.answer, s.code
	}
	key, n := fmt.Sprintf("%s/%d", m, callers), float64(len(done.samples))
	p.series.add("dev/rate/"+key, done.rate())
	p.addLatencies("dev/answer/"+key, answers)
	p.addLatencies("dev/code/"+key, codes)
	p.series.add("dev/cpu/"+key+"/total", milliseconds(u.cpu)/n)
	p.series.add("dev/cpu/"+key+"/children", milliseconds(u.children)/n)
	p.series.add("dev/alloc/"+key+"/bytes", u.bytes/n/1e6)
	p.series.add("dev/alloc/"+key+"/objects", u.objects/n/1e3)
	p.series.add("dev/refused/"+key, u.refusals/n)
	p.series.add("dev/generator/"+key, float64(u.generator)/float64(u.generator+u.cpu))
	return nil
}

// settle waits until the services have finished what the last measurement caused, such as welcome emails. Otherwise the next one would
// have less than the whole machine.
func (p *rates) settle(ctx context.Context) error {
	for _, m := range modes {
		if err := settle(ctx, p.services[m].Process()); err != nil {
			return fmt.Errorf("the service %s is busy: %w", m.words(), err)
		}
	}
	return nil
}

// settle waits until a process is almost idle.
func settle(ctx context.Context, process *testparts.Process) error {
	const period = 300 * time.Millisecond
	return testparts.Await(ctx, time.Minute, nil, func(ctx context.Context) error {
		before, err := process.Usage()
		if err != nil {
			return err
		}
		if err := pause(ctx, period); err != nil {
			return err
		}
		after, err := process.Usage()
		if err != nil {
			return err
		}
		if used := after.CPU - before.CPU; used > period/10 {
			return fmt.Errorf("it used %s of processor time in %s", used, period)
		}
		return nil
	})
}

func (p *rates) addLatencies(key string, times []time.Duration) {
	l := latenciesOf(times)
	p.series.add(key+"/p50", l.p50)
	p.series.add(key+"/p95", l.p95)
	p.series.add(key+"/p99", l.p99)
	p.series.add(key+"/max", l.max)
}

// measureTemporal measures the bare Temporal ceiling.
func (p *rates) measureTemporal(ctx context.Context, callers int, warmup, window time.Duration) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	process := p.services[plain].Process()
	before, err := process.Usage()
	if err != nil {
		return err
	}
	bare, err := p.temporal(ctx, callers, warmup, window)
	if err != nil {
		return err
	}
	after, err := process.Usage()
	if err != nil {
		return err
	}
	p.series.add(fmt.Sprintf("dev/ceiling/temporal/%d", callers), bare.PerSecond)
	p.series.add(fmt.Sprintf("dev/ceiling/temporal/%d/cpu", callers), milliseconds(after.CPU-before.CPU+bare.CPU)/float64(bare.All))
	return nil
}

func (p *rates) temporal(ctx context.Context, callers int, warmup, window time.Duration) (ceilingResult, error) {
	return runChild(ctx, temporalCommand, temporalInput{
		Address: p.services[plain].Temporal, Callers: callers, Warmup: warmup, Window: window, Script: p.script,
	})
}

func (p *rates) hashing(ctx context.Context, window time.Duration) (ceilingResult, error) {
	if err := p.settle(ctx); err != nil {
		return ceilingResult{}, err
	}
	return runChild(ctx, hashingCommand, window/2)
}

// meter measures what a service uses in a window.
type meter struct {
	service        *service
	cpu, children  time.Duration // of the service with its children, and of those alone
	generator      time.Duration // of this process
	bytes, objects float64       // allocated by the service without its children
	refusals       float64
}

func (u *meter) begin(ctx context.Context) error { return u.read(ctx, -1) }

func (u *meter) end(ctx context.Context) error { return u.read(ctx, 1) }

// read adds the current values with a sign.
func (u *meter) read(ctx context.Context, sign int) error {
	used, err := u.service.Process().Usage()
	if err != nil {
		return err
	}
	m, err := u.service.memory(ctx)
	if err != nil {
		return err
	}
	u.cpu += time.Duration(sign) * used.CPU
	u.children += time.Duration(sign) * (used.CPU - used.Own)
	u.generator += time.Duration(sign) * testparts.OwnCPU()
	u.refusals += float64(sign) * float64(u.service.refusals.Load())
	u.bytes += float64(sign) * float64(m.TotalAlloc)
	u.objects += float64(sign) * float64(m.Mallocs)
	return nil
}
