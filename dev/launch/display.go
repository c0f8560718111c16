package launch

import (
	"io"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	// drawInterval is the time between two updates of the bar on a terminal.
	drawInterval = 500 * time.Millisecond
	// lineInterval is the time between two lines of output that is not a terminal.
	lineInterval = 4 * time.Second
	// startDelay is the time before the first output. Most builds have nothing to compile and end earlier.
	startDelay = 2 * time.Second
	// maxBarLength is in characters.
	maxBarLength = 40
)

// display shows the progress of a build: a bar in place on a terminal, otherwise a line every lineInterval.
type display struct {
	out   io.Writer
	name  string     // prefix of each line
	width func() int // width of the terminal in characters; 0 without a terminal
	next  time.Time  // time of the next output
	drawn bool       // whether the bar is on the screen
}

// newDisplay returns a display that starts after startDelay. It starts at once if this program has just been compiled, because
// the target then needs compiling too.
func newDisplay(out *os.File, name string, now time.Time) *display {
	d := &display{out: out, name: name, width: func() int { return terminalWidth(out) }, next: now.Add(startDelay)}
	if justCompiled(now) {
		d.next = now
	}
	return d
}

// justCompiled reports whether this program was compiled in the last 5 seconds.
func justCompiled(now time.Time) bool {
	path, err := os.Executable()
	if err != nil {
		return false
	}
	program, err := os.Stat(path)
	return err == nil && now.Sub(program.ModTime()) < 5*time.Second
}

// show shows the progress if the next output is due. share is the share of the work that is done, from 0 to 1.
func (d *display) show(now time.Time, share float64, text string) {
	if now.Before(d.next) {
		return
	}
	width := d.width()
	if width == 0 {
		d.next = now.Add(lineInterval)
		d.write(d.name + ": " + text + "\n")
		return
	}
	d.next = now.Add(drawInterval)
	d.drawn = true
	d.write("\r" + bar(width-1, share, text) + clearRight) // a line of the full width would wrap
}

// clearRight is the ANSI X3.64 sequence that clears the line to the right of the cursor.
const clearRight = "\x1b[K"

// bar returns a bar followed by text, in at most width characters.
func bar(width int, share float64, text string) string {
	length := min(maxBarLength, width-len(text)-len("[] "))
	if length < 5 {
		return text[:min(len(text), width)]
	}
	filled := int(share * float64(length))
	return "[" + strings.Repeat("#", filled) + strings.Repeat("-", length-filled) + "] " + text
}

// print writes a permanent line.
func (d *display) print(line string) {
	d.clear()
	d.write(line + "\n")
}

// clear removes the bar.
func (d *display) clear() {
	if d.drawn {
		d.drawn = false
		d.write("\r" + clearRight)
	}
}

// write ignores errors, because the build is useful without a display.
func (d *display) write(text string) { _, _ = io.WriteString(d.out, text) }

// terminalWidth returns the width in characters, or 0 if f is not a terminal or the terminal cannot move its cursor.
func terminalWidth(f *os.File) int {
	if term := os.Getenv("TERM"); term == "" || term == "dumb" {
		return 0
	}
	var size struct{ rows, columns, x, y uint16 }
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	switch {
	case errno != 0:
		return 0
	case size.columns == 0: // unknown
		return 80
	}
	return int(size.columns)
}
