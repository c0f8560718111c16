package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"registrar/internal/engine"
	"registrar/internal/wiring"
)

const watchInterval = time.Second

// watched is the progress of a workflow.
type watched struct {
	text        string
	done, total int
	ended       bool
}

// watcher prints the changes of a workflow's progress.
type watcher interface {
	show(p watched)
	// unavailable prints that Temporal or the workers do not answer.
	unavailable(err error)
	done()
}

// newWatcher returns a progress bar on a terminal, and otherwise a writer of one line for each change. unit is what is counted.
func newWatcher(w io.Writer, unit string) watcher {
	if wiring.IsTerminal(w) {
		return &bar{to: w, unit: unit}
	}
	return &lines{to: w}
}

// watch shows a progress until it has ended or ctx ends. It retries while Temporal or the workers are unavailable.
func watch(ctx context.Context, get func(context.Context) (watched, error), w watcher, interval time.Duration) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	defer w.done()
	for {
		p, err := get(ctx)
		switch {
		case ctx.Err() != nil:
			return nil // stopped by the user
		case errors.Is(err, engine.ErrUnavailable):
			w.unavailable(err)
		case err != nil:
			return err
		default:
			w.show(p)
			if p.ended {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// lines writes a line for each change.
type lines struct {
	to   io.Writer
	last string
}

func (l *lines) show(p watched)        { l.line(p.text) }
func (l *lines) unavailable(err error) { l.line(err.Error()) }
func (*lines) done()                   {}

func (l *lines) line(text string) {
	if text != l.last {
		fmt.Fprintln(l.to, text)
		l.last = text
	}
}

// bar is a progress bar. Its maximum follows the total.
type bar struct {
	to   io.Writer
	unit string
	bar  *progressbar.ProgressBar
}

func (b *bar) show(p watched) {
	total := max(p.total, p.done, 1)
	if b.bar == nil {
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(b.to), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString(b.unit), progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetRenderBlankState(true))
	}
	b.bar.Describe(p.text)
	b.bar.ChangeMax(total)
	_ = b.bar.Set(p.done) // an error affects only the display
}

func (b *bar) unavailable(err error) {
	if b.bar != nil {
		b.bar.Describe(err.Error())
		return
	}
	fmt.Fprintln(b.to, err)
}

func (b *bar) done() { fmt.Fprintln(b.to) }
