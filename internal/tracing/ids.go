package tracing

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// ids generates the ids of traces and spans. They are random, unless the context has fixed ones.
type ids struct{}

type fixedKey struct{}

// fixed are the ids of a span that every worker that replays its workflow must give it.
type fixed struct {
	trace trace.TraceID
	span  trace.SpanID
}

// withFixedIDs returns a context whose next span gets ids that depend only on the parts.
func withFixedIDs(ctx context.Context, parts ...string) context.Context {
	digest := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	var f fixed
	copy(f.trace[:], digest[:16])
	copy(f.span[:], digest[16:])
	return context.WithValue(ctx, fixedKey{}, f)
}

// NewIDs implements sdktrace.IDGenerator.
func (ids) NewIDs(ctx context.Context) (t trace.TraceID, s trace.SpanID) {
	if f, ok := ctx.Value(fixedKey{}).(fixed); ok {
		return f.trace, f.span
	}
	for !t.IsValid() {
		binary.NativeEndian.PutUint64(t[:8], rand.Uint64()) // the ids are not secret
		binary.NativeEndian.PutUint64(t[8:], rand.Uint64())
	}
	return t, randomSpanID()
}

// NewSpanID implements sdktrace.IDGenerator.
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	if f, ok := ctx.Value(fixedKey{}).(fixed); ok {
		return f.span
	}
	return randomSpanID()
}

func randomSpanID() (s trace.SpanID) {
	for !s.IsValid() {
		binary.NativeEndian.PutUint64(s[:], rand.Uint64())
	}
	return s
}
