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

// watcher prints the changes of a campaign.
type watcher interface {
	show(c engine.CampaignState)
	// unavailable prints that Temporal or the workers do not answer.
	unavailable(err error)
	done()
}

// newWatcher returns a progress bar on a terminal, and otherwise a writer of one line for each change.
func newWatcher(w io.Writer) watcher {
	if wiring.IsTerminal(w) {
		return &bar{to: w}
	}
	return &lines{to: w}
}

type campaignGetter interface {
	Get(ctx context.Context, id string) (engine.CampaignState, error)
}

// watchCampaign shows a campaign until it has ended or ctx ends. It retries while Temporal or the workers are unavailable.
func watchCampaign(ctx context.Context, from campaignGetter, id string, w watcher, interval time.Duration) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	defer w.done()
	for {
		c, err := from.Get(ctx, id)
		switch {
		case ctx.Err() != nil:
			return nil // stopped by the user
		case errors.Is(err, engine.ErrUnavailable):
			w.unavailable(err)
		case err != nil:
			return err
		default:
			w.show(c)
			if c.Ended() {
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

func (l *lines) show(c engine.CampaignState) { l.line(describe(c)) }
func (l *lines) unavailable(err error)       { l.line(err.Error()) }
func (*lines) done()                         {}

func (l *lines) line(text string) {
	if text != l.last {
		fmt.Fprintln(l.to, text)
		l.last = text
	}
}

func describe(c engine.CampaignState) string {
	text := string(c.Status)
	if !c.Known {
		return text
	}
	if c.Reason != "" {
		text += " (" + string(c.Reason) + ")"
	}
	return fmt.Sprintf("%s: %d of %d sent, %d rejected", text, c.Sent, c.Recipients, c.Rejected)
}

// bar is a progress bar. Its maximum follows the number of recipients.
type bar struct {
	to  io.Writer
	bar *progressbar.ProgressBar
}

func (b *bar) show(c engine.CampaignState) {
	done := c.Sent + c.Rejected
	total := max(c.Recipients, done, 1)
	if b.bar == nil {
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(b.to), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("emails"), progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetRenderBlankState(true))
	}
	b.bar.Describe(describe(c))
	b.bar.ChangeMax(total)
	_ = b.bar.Set(done) // an error affects only the display
}

func (b *bar) unavailable(err error) {
	if b.bar != nil {
		b.bar.Describe(err.Error())
		return
	}
	fmt.Fprintln(b.to, err)
}

func (b *bar) done() { fmt.Fprintln(b.to) }
