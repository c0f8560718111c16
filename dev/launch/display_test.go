package launch

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newTestDisplay(width int) (*display, *bytes.Buffer) {
	var out bytes.Buffer
	return &display{out: &out, name: "dev", width: func() int { return width }, next: after(1)}, &out
}

func TestLinesWithoutTerminal(t *testing.T) {
	t.Parallel()
	d, out := newTestDisplay(0)
	for tenth := range 100 {
		d.show(startTime.Add(time.Duration(tenth)*time.Second/10), 0.5, "half")
	}
	require.Equal(t, "dev: half\ndev: half\ndev: half\n", out.String(), "after 1, 5 and 9 seconds")
	d.print("note")
	d.clear()
	require.Equal(t, 4, strings.Count(out.String(), "\n"))
}

func TestBarOnTerminal(t *testing.T) {
	t.Parallel()
	d, out := newTestDisplay(30)
	d.show(startTime, 0.5, "half")
	require.Empty(t, out.String(), "too early")
	d.show(after(1), 0.5, "half")
	require.Equal(t, "\r[###########-----------] half\x1b[K", out.String())
	out.Reset()
	d.show(after(1).Add(drawInterval/2), 0.5, "half")
	require.Empty(t, out.String(), "too soon")
	d.print("note")
	require.Equal(t, "\r\x1b[Knote\n", out.String(), "replaces the bar")
	out.Reset()
	d.clear()
	require.Empty(t, out.String())
}

func TestBarFitsTerminal(t *testing.T) {
	t.Parallel()
	const text = "33%, 690 of 2066 packages, 95 s elapsed, about 3 min left"
	for width := range 200 {
		for _, share := range []float64{0, 0.5, 0.99, 1} {
			require.LessOrEqual(t, len(bar(width, share, text)), width)
		}
	}
	require.Equal(t, "["+strings.Repeat("#", 20)+strings.Repeat("-", 20)+"] "+text, bar(200, 0.5, text))
}

func TestLineWriter(t *testing.T) {
	t.Parallel()
	lines := make(chan string, 10)
	w := &lineWriter{lines: lines}
	for _, part := range []string{"a", "", "b\n", "\nc\nd\ne"} {
		n, err := w.Write([]byte(part))
		require.NoError(t, err)
		require.Len(t, part, n)
	}
	close(lines)
	var got []string
	for line := range lines {
		got = append(got, line)
	}
	require.Equal(t, []string{"ab", "", "c", "d"}, got)
}
