package temporalserver

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// logger passes Temporal's warnings and errors to slog until it is muted. It is muted before a stop, because services that
// stop one after the other log errors about each other that need no action.
type logger struct {
	out   *slog.Logger
	muted atomic.Bool
}

// noHTTP is the start of the warning about the frontend's HTTP API, which is disabled intentionally.
const noHTTP = "HTTP API port has not been set"

var _ log.Logger = (*logger)(nil)

func newLogger(out *slog.Logger) *logger {
	return &logger{out: out.With("component", "temporal")}
}

func (l *logger) mute() { l.muted.Store(true) }

func (*logger) Debug(string, ...tag.Tag) {}
func (*logger) Info(string, ...tag.Tag)  {}

func (l *logger) Warn(msg string, tags ...tag.Tag)   { l.write(l.out.Warn, msg, tags) }
func (l *logger) Error(msg string, tags ...tag.Tag)  { l.write(l.out.Error, msg, tags) }
func (l *logger) DPanic(msg string, tags ...tag.Tag) { l.write(l.out.Error, msg, tags) }

// Panic panics, because Temporal relies on it.
func (l *logger) Panic(msg string, tags ...tag.Tag) {
	l.write(l.out.Error, msg, tags)
	panic(msg)
}

// Fatal panics instead of ending the process; bind converts the panic to an error.
func (l *logger) Fatal(msg string, tags ...tag.Tag) {
	if l.muted.Load() {
		return
	}
	var text strings.Builder
	text.WriteString(msg)
	for _, t := range tags {
		fmt.Fprintf(&text, " %s=%v", t.Key(), t.Value())
	}
	panic(fatal(text.String()))
}

// fatal is the panic value of Fatal.
type fatal string

func (l *logger) write(out func(string, ...any), msg string, tags []tag.Tag) {
	if l.muted.Load() || strings.HasPrefix(msg, noHTTP) {
		return
	}
	attrs := make([]any, 0, len(tags))
	for _, t := range tags {
		attrs = append(attrs, slog.Any(t.Key(), t.Value()))
	}
	out(msg, attrs...)
}
