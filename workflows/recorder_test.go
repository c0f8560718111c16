package workflows_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"

	"go.temporal.io/sdk/client"
)

// recorder is a logger and a metrics handler that keeps what the workflows report about steps.
type recorder struct {
	mu       sync.Mutex
	lines    []string         // of the log, below error
	counters map[string]int64 // by event, step and reason
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

type counter func(int64)

func (c counter) Inc(n int64) { c(n) }
