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
	// drawEvery is how often a bar is drawn again; its seconds count.
	drawEvery = 500 * time.Millisecond
	// writeEvery is how often a line is written where there is no terminal.
	writeEvery = 4 * time.Second
	// silence is how long a build says nothing: mostly there is nothing to compile, and the command is about to start.
	silence = 2 * time.Second
	// longestBar is in characters.
	longestBar = 40
)

// display shows how far a build is: on a terminal as a bar that is drawn again in place, elsewhere as a line now and then.
type display struct {
	out   io.Writer
	name  string     // begins each line
	width func() int // of the terminal in characters; 0 when there is none
	next  time.Time  // when there is something to show again
	drawn bool       // whether the bar is on the screen
}

// newDisplay returns a display that begins to show something after a moment, and at once when the process was just
// compiled itself: then so is all the rest.
func newDisplay(out *os.File, name string, now time.Time) *display {
	d := &display{out: out, name: name, width: func() int { return terminalWidth(out) }, next: now.Add(silence)}
	if justCompiled(now) {
		d.next = now
	}
	return d
}

// justCompiled reports whether this program is but a few seconds old.
func justCompiled(now time.Time) bool {
	path, err := os.Executable()
	if err != nil {
		return false
	}
	program, err := os.Stat(path)
	return err == nil && now.Sub(program.ModTime()) < 5*time.Second
}

// show shows how far the build is, unless it has just done so. Part is from 0 to 1.
func (d *display) show(now time.Time, part float64, text string) {
	if now.Before(d.next) {
		return
	}
	width := d.width()
	if width == 0 {
		d.next = now.Add(writeEvery)
		d.write(d.name + ": " + text + "\n")
		return
	}
	d.next = now.Add(drawEvery)
	d.drawn = true
	d.write("\r" + bar(width-1, part, text) + clearRight) // a line that fills the width would wrap
}

// clearRight clears the line from the cursor on, in the way of ANSI X3.64.
const clearRight = "\x1b[K"

// bar is a bar and a text, in no more than width characters.
func bar(width int, part float64, text string) string {
	length := min(longestBar, width-len(text)-len("[] "))
	if length < 5 {
		return text[:min(len(text), width)]
	}
	filled := int(part * float64(length))
	return "[" + strings.Repeat("#", filled) + strings.Repeat("-", length-filled) + "] " + text
}

// print writes a line that stays.
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

// write ignores errors: that nobody can see the progress is no reason not to compile.
func (d *display) write(text string) { _, _ = io.WriteString(d.out, text) }

// terminalWidth is 0 for what is no terminal, or one that cannot move its cursor.
func terminalWidth(f *os.File) int {
	if term := os.Getenv("TERM"); term == "" || term == "dumb" {
		return 0
	}
	var size struct{ rows, columns, x, y uint16 }
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	switch {
	case errno != 0:
		return 0
	case size.columns == 0: // a terminal that does not know
		return 80
	}
	return int(size.columns)
}
