package workflows_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
)

// recorder is a logger and a metrics handler that keeps what the workflows report.
type recorder struct {
	mu       sync.Mutex
	lines    []string         // of the log, below error
	counters map[string]int64 // by event, step and reason
	recorded []string         // what registrations count and time, in order
}

func (*recorder) Debug(string, ...any) {}
func (*recorder) Error(string, ...any) {}

func (r *recorder) Info(message string, keyvals ...any) { r.line("INFO", message, keyvals) }
func (r *recorder) Warn(message string, keyvals ...any) { r.line("WARN", message, keyvals) }

func (r *recorder) line(level, message string, keyvals []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.HasPrefix(message, "step ") {
		r.lines = append(r.lines, fmt.Sprintln(append([]any{level, message}, keyvals...)...))
	}
}

func (r *recorder) metrics() client.MetricsHandler {
	return taggedRecorder{client.MetricsNopHandler, r, map[string]string{}}
}

// counts returns the counters of steps.
func (r *recorder) counts() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counters
}

type taggedRecorder struct {
	client.MetricsHandler
	recorder *recorder
	tags     map[string]string
}

func (h taggedRecorder) WithTags(tags map[string]string) client.MetricsHandler {
	h.tags = maps.Clone(h.tags)
	maps.Copy(h.tags, tags)
	return h
}

func (h taggedRecorder) Counter(name string) client.MetricsCounter {
	return counter(func(n int64) {
		h.note(name)
		h.recorder.mu.Lock()
		defer h.recorder.mu.Unlock()
		if event, ok := strings.CutPrefix(name, "registrar_steps_"); ok {
			if h.recorder.counters == nil {
				h.recorder.counters = map[string]int64{}
			}
			h.recorder.counters[event+" "+h.tags["step"]+" "+h.tags["reason"]] += n
		}
	})
}

func (h taggedRecorder) Timer(name string) client.MetricsTimer {
	return timer(func(d time.Duration) { h.note(name + " " + d.String()) })
}

// note keeps a metric of registrations with its tags, in order. It leaves out those of the SDK.
func (h taggedRecorder) note(what string) {
	if !strings.HasPrefix(what, "registrar_") || strings.HasPrefix(what, "registrar_steps_") {
		return
	}
	words := []string{strings.TrimPrefix(what, "registrar_")}
	for _, tag := range []string{"outcome", "channel", "provider", "country"} {
		if value, ok := h.tags[tag]; ok {
			words = append(words, value)
		}
	}
	h.recorder.mu.Lock()
	defer h.recorder.mu.Unlock()
	h.recorder.recorded = append(h.recorder.recorded, strings.Join(words, " "))
}

type timer func(time.Duration)

func (t timer) Record(d time.Duration) { t(d) }

type counter func(int64)

func (c counter) Inc(n int64) { c(n) }
