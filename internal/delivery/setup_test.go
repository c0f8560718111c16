package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/delivery"
	"registrar/internal/message"
)

// provider is a stand-in whose answer tests change; nil takes the message.
type provider struct {
	name   string
	answer func(context.Context) error
	calls  int
}

func (p *provider) Send(ctx context.Context, _ message.Message) (message.Receipt, error) {
	p.calls++
	if p.answer != nil {
		if err := p.answer(ctx); err != nil {
			return message.Receipt{Provider: "of a failed try"}, err
		}
	}
	return message.Receipt{Provider: p.name, MessageID: "1"}, nil
}

func (p *provider) refuse(failure message.Failure, code string, after time.Duration) {
	p.answer = func(context.Context) error {
		return &message.Error{Provider: p.name, Failure: failure, Code: code, RetryAfter: after}
	}
}

func (p *provider) fail() { p.refuse(message.Unavailable, "503", 0) }
func (p *provider) work() { p.answer = nil }
func (p *provider) hang() {
	p.answer = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
}
func (p *provider) paused() { p.refuse(message.Unavailable, message.CodePaused, 0) }
func (p *provider) misconfigured() {
	p.refuse(message.Misconfigured, "401", 0)
}

// fixture is a chain of stand-ins that take everything.
type fixture struct {
	*delivery.Chain
	a, b *provider
	log  *bytes.Buffer
}

func setup(alone bool) *fixture {
	f := &fixture{a: &provider{name: "a"}, b: &provider{name: "b"}, log: &bytes.Buffer{}}
	providers := []delivery.Provider{{Name: "a", Sender: f.a}, {Name: "b", Sender: f.b}}
	if alone {
		providers = providers[:1]
	}
	f.Chain = delivery.NewChain(delivery.Options{Logger: slog.New(slog.NewTextHandler(f.log, nil))}, providers...)
	return f
}

// try is an attempt within 10 s; it returns who took the message, or the refusal, and the refusals passed over.
func (f *fixture) try(t *testing.T, attempt int, avoid ...string) (string, *message.Error, []*message.Error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var skipped []*message.Error
	ctx = message.WithRefusals(ctx, func(e *message.Error) { skipped = append(skipped, e) })
	receipt, err := f.Send(ctx, message.Message{Attempt: attempt, Avoid: avoid})
	if err == nil {
		return receipt.Provider, nil, skipped
	}
	require.Empty(t, receipt)
	refusal, ok := errors.AsType[*message.Error](err)
	require.True(t, ok, "%v", err)
	return "", refusal, skipped
}

func (f *fixture) taken(t *testing.T, attempt int) string {
	t.Helper()
	by, refusal, _ := f.try(t, attempt)
	require.Nil(t, refusal)
	return by
}

func (f *fixture) refused(t *testing.T, attempt int) message.Error {
	t.Helper()
	by, refusal, _ := f.try(t, attempt)
	require.Empty(t, by)
	return *refusal
}

func unavailable(provider, code string, after time.Duration) message.Error {
	return message.Error{Provider: provider, Failure: message.Unavailable, Code: code, RetryAfter: after}
}
