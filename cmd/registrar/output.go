package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// timeFormat is the format of times in tables, in UTC.
const timeFormat = "2006-01-02 15:04:05.000"

func formatTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(timeFormat)
}

// table is text in columns. It replaces control characters in cells, so that a text cannot control the terminal.
type table struct {
	to      io.Writer
	text    *bytes.Buffer
	columns *tabwriter.Writer
}

func newTable(w io.Writer, titles ...string) table {
	text := new(bytes.Buffer)
	t := table{w, text, tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)}
	t.row(titles...)
	return t
}

func (t table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.Map(printable, cell)
	}
	fmt.Fprintln(t.columns, strings.Join(cells, "\t"))
}

func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return ' '
	}
	return r
}

// flush prints the table without trailing spaces.
func (t table) flush() error {
	if err := t.columns.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(t.text.String()) {
		if _, err := fmt.Fprintln(t.to, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
