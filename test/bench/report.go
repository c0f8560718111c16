package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Figure is a measured figure.
type Figure struct {
	Key   string  `json:"key"`
	Part  string  `json:"part"`
	Name  string  `json:"name"`
	Unit  string  `json:"unit"` // "" is a ratio
	Value float64 `json:"value"`
	// Low and High are the extremes of the rounds, and Rounds their number. Value is the median.
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Rounds int     `json:"rounds"`
	Goal   *Goal   `json:"goal,omitempty"`
	Met    *bool   `json:"met,omitempty"`
}

func newFigure(key, name, unit string, values []float64) Figure {
	s := summarize(values)
	f := Figure{Key: key, Name: name, Unit: unit, Value: s.median, Low: s.low, High: s.high, Rounds: len(values)}
	if g, ok := goals[key]; ok {
		met := g.met(f.Value)
		f.Goal, f.Met = &g, &met
	}
	return f
}

// Report is the result of a run.
type Report struct {
	Began   time.Time `json:"began"`
	Took    string    `json:"took"`
	Short   bool      `json:"short"`
	Cores   int       `json:"cores"`
	Go      string    `json:"go"`
	Load    []float64 `json:"load"` // of the system, before and after the run
	Figures []Figure  `json:"figures"`
	Failed  []string  `json:"failed,omitempty"`
}

// Table returns the report as a table in Markdown that is also aligned for a terminal.
func (r Report) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %d cores, %s, load %s; took %s\n", r.Began.Format(time.RFC3339), r.Cores, r.Go, numbers(r.Load), r.Took)
	if r.Short {
		b.WriteString("Short run: the counts are tiny, and the figures mean nothing.\n")
	}
	b.WriteString("\n")
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| part\t| figure\t| median\t| range\t| goal\t| met\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, f := range r.Figures {
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", f.Part, f.Name, f.median(), f.spread(), f.goal(), f.verdict())
	}
	_ = w.Flush() // a Builder takes everything
	return b.String()
}

func (f Figure) median() string { return strings.TrimSpace(number(f.Value) + " " + f.Unit) }

// spread returns the range of the rounds, or "" after one round.
func (f Figure) spread() string {
	if f.Rounds < 2 {
		return ""
	}
	return number(f.Low) + "–" + number(f.High)
}

func (f Figure) goal() string {
	if f.Goal == nil {
		return ""
	}
	return f.Goal.String()
}

func (f Figure) verdict() string {
	switch {
	case f.Met == nil:
		return ""
	case *f.Met:
		return "yes"
	default:
		return "no"
	}
}

// number writes three significant digits, and all digits before the point.
func number(v float64) string {
	digits := 0
	for size := math.Abs(v); digits < 3 && size < 100 && size > 0; size *= 10 {
		digits++
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func numbers(values []float64) string {
	var all []string
	for _, v := range values {
		all = append(all, number(v))
	}
	return strings.Join(all, ", ")
}

// write writes bench.json and bench.md to a folder.
func (r Report) write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "bench.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "bench.md"), []byte(r.Table()+r.Scale()), 0o644)
}
