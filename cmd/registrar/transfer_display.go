package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"registrar/internal/userimport"
	"registrar/internal/wiring"
)

const (
	// shownRefusals is the number of refused rows that are shown. The file has all of them.
	shownRefusals = 10
	// lineInterval is the time between two lines of progress where there is no terminal.
	lineInterval = 10 * time.Second
)

// transferDisplay shows the progress of an import or export: a bar on a terminal, and otherwise a line from time to time.
type transferDisplay struct {
	to       io.Writer
	bar      *progressbar.ProgressBar // nil without a terminal
	lastLine time.Time
	refusals int
}

// newTransferDisplay returns a display of the way to size; -1 if the size is not known.
func newTransferDisplay(w io.Writer, size int64, options ...progressbar.Option) *transferDisplay {
	d := &transferDisplay{to: w, lastLine: time.Now()}
	if wiring.IsTerminal(w) {
		d.bar = progressbar.NewOptions64(size, append(options, progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))...)
	}
	return d
}

func (d *transferDisplay) imported(r userimport.Result) {
	d.show(r.Bytes, fmt.Sprintf("%d rows: %d stored, %d already there, %d refused", r.Rows, r.Stored, r.Present, r.Refused))
}

func (d *transferDisplay) exported(users int) {
	d.show(int64(users), fmt.Sprintf("users written: %d", users))
}

func (d *transferDisplay) show(position int64, text string) {
	if d.bar != nil {
		d.bar.Describe(text)
		_ = d.bar.Set64(position) // an error affects only the display
		return
	}
	if time.Since(d.lastLine) >= lineInterval {
		fmt.Fprintln(d.to, text)
		d.lastLine = time.Now()
	}
}

// refused shows the first refused rows. The reasons have no values of the row.
func (d *transferDisplay) refused(place, reason string) {
	d.refusals++
	if d.bar != nil && d.refusals <= shownRefusals {
		_ = d.bar.Clear() // an error affects only the display
	}
	switch {
	case d.refusals <= shownRefusals:
		fmt.Fprintf(d.to, "%s: %s\n", place, reason)
	case d.refusals == shownRefusals+1:
		fmt.Fprintln(d.to, "more rows are refused; their reasons are not shown here")
	}
}

func (d *transferDisplay) done() {
	if d.bar != nil {
		fmt.Fprintln(d.to)
	}
}
