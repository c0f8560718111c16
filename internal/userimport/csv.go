package userimport

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// source reads the rows of a file, and writes refused ones.
type source interface {
	// next returns the next row, or io.EOF.
	next() (row, error)
	// position is the number of bytes that have been read.
	position() int64
	// writeRefused writes a row with the reason of its refusal. The first call of a new file also writes its beginning.
	writeRefused(w *bufio.Writer, first bool, r row, reason string) error
}

// csvSource reads CSV (RFC 4180) with a header.
type csvSource struct {
	*splitter
	header []string
	parser cellParser
}

func newCSVSource(from io.Reader) *csvSource {
	return &csvSource{splitter: newSplitter(from, true), parser: newCellParser()}
}

func (s *csvSource) readHeader() error {
	first, err := s.splitter.next()
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty: it needs a header with the names of the columns")
	case err != nil:
		return err
	case first.problem != "":
		return errors.New("the header " + first.problem)
	}
	if s.header, err = s.parser.parse(first.raw); err != nil {
		return fmt.Errorf("the header %w", err)
	}
	return s.checkHeader()
}

func (s *csvSource) checkHeader() error {
	for i, name := range s.header {
		name = strings.ToLower(strings.TrimSpace(name))
		if rest, ok := strings.CutPrefix(strings.TrimSpace(s.header[i]), attributePrefix); ok { // names of attributes have both cases
			name = attributePrefix + rest
		}
		s.header[i] = name
		_, known := positions[name]
		known = known || name == columnRefused || strings.HasPrefix(name, attributePrefix)
		switch {
		case !known && len(s.header) == 1:
			return errors.New("the header has one column: the columns must be separated by commas")
		case !known:
			return fmt.Errorf("the header: %w", unknownColumn(name))
		case slices.Contains(s.header[:i], name):
			return fmt.Errorf("the header has the column %q twice", name)
		}
	}
	for _, name := range required {
		if !slices.Contains(s.header, name) {
			return fmt.Errorf("the header has no column %q", name)
		}
	}
	return nil
}

func (s *csvSource) position() int64 { return s.read }

func (s *csvSource) next() (row, error) {
	if s.header == nil {
		if err := s.readHeader(); err != nil {
			return row{}, err
		}
	}
	r, err := s.splitter.next()
	if err != nil || r.problem != "" {
		return r, err
	}
	if !utf8.Valid(r.raw) {
		r.problem = errUTF8
		return r, nil
	}
	cells, err := s.parser.parse(r.raw)
	switch {
	case err != nil:
		r.problem = err.Error()
	case len(cells) != len(s.header):
		r.problem = fmt.Sprintf("has %d cells, but the header has %d", len(cells), len(s.header))
	default:
		r.cells = cells
		s.assign(&r)
	}
	return r, nil
}

const errUTF8 = "is not valid UTF-8 text"

// assign gives the cells to their columns.
func (s *csvSource) assign(r *row) {
	r.values = make([]string, len(columns))
	for i, name := range s.header {
		if attribute, ok := strings.CutPrefix(name, attributePrefix); ok {
			if r.attributes == nil {
				r.attributes = map[string]string{}
			}
			r.attributes[attribute] = r.cells[i]
		} else if at, known := positions[name]; known {
			r.values[at] = r.cells[i]
		}
	}
}

// writeRefused writes the reason as the first cell, so that a row with too many cells stays as it is.
func (s *csvSource) writeRefused(w *bufio.Writer, first bool, r row, reason string) error {
	out := csv.NewWriter(w)
	if first {
		if err := out.Write(append([]string{columnRefused}, s.withoutReason(s.header)...)); err != nil {
			return err
		}
	}
	if r.cells != nil {
		_ = out.Write(append([]string{reason}, s.withoutReason(r.cells)...)) // Flush keeps an error
		out.Flush()
		return out.Error()
	}
	out.Flush()
	_, err := fmt.Fprintf(w, "\"%s\",%s\n", strings.ReplaceAll(reason, `"`, `""`), r.raw)
	return err
}

// withoutReason returns the cells without the column of an earlier refusal.
func (s *csvSource) withoutReason(cells []string) []string {
	at := slices.Index(s.header, columnRefused)
	if at < 0 {
		return cells
	}
	return slices.Delete(slices.Clone(cells), at, at+1)
}

// cellParser parses one raw row at a time with one csv.Reader.
type cellParser struct {
	from   *bytes.Reader
	reader *csv.Reader
}

func newCellParser() cellParser {
	from := bytes.NewReader(nil)
	reader := csv.NewReader(from)
	reader.FieldsPerRecord = -1
	return cellParser{from, reader}
}

func (p *cellParser) parse(raw []byte) ([]string, error) {
	p.from.Reset(raw)
	cells, err := p.reader.Read()
	if invalid, ok := errors.AsType[*csv.ParseError](err); ok {
		*p = newCellParser() // the old reader may have kept a part of the row
		switch {
		case errors.Is(invalid.Err, csv.ErrBareQuote):
			return nil, errors.New(`has a quote in a cell that does not begin with one: write such a cell as "5"" pipe"`)
		default:
			return nil, errors.New("has a quoted cell that does not end with a quote: write a quote inside of quotes twice")
		}
	}
	return cells, err
}
