package userimport

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"registrar/internal/user"
)

// exportPage is the number of users that an export reads at a time.
const exportPage = 1000

// Users reads all users in pages, in the order of their ids.
type Users interface {
	Export(ctx context.Context, after string, limit int) ([]user.Transfer, error)
}

// Export writes all users in the form that Import reads, and returns their number. It reads page by page: a user who changes
// meanwhile is as before or as after the change.
func Export(ctx context.Context, from Users, to io.Writer, format Format, progress func(users int)) (int, error) {
	w := newWriter(to, format)
	done, after := 0, ""
	for {
		page, err := from.Export(ctx, after, exportPage)
		if err != nil {
			return done, err
		}
		for _, t := range page {
			if err := w.write(t); err != nil {
				return done, fmt.Errorf("write the users: %w", err)
			}
			after = t.ID
		}
		done += len(page)
		if err := w.flush(); err != nil {
			return done, fmt.Errorf("write the users: %w", err)
		}
		if len(page) < exportPage {
			return done, nil
		}
		progress(done)
	}
}

// writer writes users as CSV if csv is set, otherwise as JSON lines.
type writer struct {
	to     *bufio.Writer
	csv    *csv.Writer
	header bool // is written
}

func newWriter(to io.Writer, format Format) *writer {
	w := &writer{to: bufio.NewWriterSize(to, 64<<10)}
	if format == CSV {
		w.csv = csv.NewWriter(w.to)
	}
	return w
}

func (w *writer) write(t user.Transfer) error {
	if w.csv == nil {
		return w.writeJSON(t)
	}
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.write(t)
	}
	if err := w.writeHeader(); err != nil {
		return err
	}
	return w.csv.Write(cells)
}

func (w *writer) writeHeader() error {
	if w.csv == nil || w.header {
		return nil
	}
	w.header = true
	return w.csv.Write(Columns())
}

// writeJSON leaves out what the user has not.
func (w *writer) writeJSON(t user.Transfer) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	separator := "{"
	for _, c := range columns {
		text := c.write(t)
		if text == "" {
			continue
		}
		line.WriteString(separator + `"` + c.name + `":`)
		separator = ","
		if c.literal {
			if err := json.Compact(&line, []byte(text)); err != nil {
				return err
			}
			continue
		}
		if err := encoder.Encode(text); err != nil {
			return err
		}
		line.Truncate(line.Len() - 1) // the encoder ends with a new line
	}
	line.WriteString("}\n")
	_, err := w.to.Write(line.Bytes())
	return err
}

func (w *writer) flush() error {
	if err := w.writeHeader(); err != nil {
		return err
	}
	if w.csv != nil {
		w.csv.Flush()
		if err := w.csv.Error(); err != nil {
			return err
		}
	}
	return w.to.Flush()
}

// FormatOf returns the format of a file by the end of its name, or "".
func FormatOf(path string) Format {
	switch {
	case strings.HasSuffix(path, ".csv"):
		return CSV
	case strings.HasSuffix(path, ".jsonl"), strings.HasSuffix(path, ".ndjson"):
		return JSONL
	default:
		return ""
	}
}
