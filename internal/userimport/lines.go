package userimport

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxRow bounds a row, in bytes. The attributes have at most 16 KiB, twice as much with the quotes of CSV.
const maxRow = 128 << 10

// row is one row of a file.
type row struct {
	first, last int               // lines
	raw         []byte            // as in the file, without the end of the line; nil if the row is longer than maxRow
	cells       []string          // of CSV, as in the file
	values      []string          // by the index of the column; "" if there is none
	attributes  map[string]string // of columns for single attributes
	problem     string            // why the row could not be read
}

// place names the row in messages.
func (r row) place() string {
	if r.first == r.last {
		return fmt.Sprintf("line %d", r.first)
	}
	return fmt.Sprintf("lines %d to %d", r.first, r.last)
}

// splitter cuts a file into raw rows.
type splitter struct {
	from *bufio.Reader
	line int   // lines read
	read int64 // bytes read
	// quoted is true if line ends between quotes belong to the row, as in CSV.
	quoted bool
}

func newSplitter(from io.Reader, quoted bool) *splitter {
	return &splitter{from: bufio.NewReaderSize(from, 64<<10), quoted: quoted}
}

var (
	bomUTF8  = []byte("\xef\xbb\xbf")
	bomUTF16 = [][]byte{{0xff, 0xfe}, {0xfe, 0xff}}
)

// skipBOM skips the mark with which some programs begin UTF-8 text.
func (s *splitter) skipBOM() error {
	start, err := s.from.Peek(len(bomUTF8))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, bom := range bomUTF16 {
		if bytes.HasPrefix(start, bom) {
			return errors.New("the file is UTF-16: convert it to UTF-8, for example with iconv")
		}
	}
	if bytes.HasPrefix(start, bomUTF8) {
		_, _ = s.from.Discard(len(bomUTF8)) // cannot fail: it is in the buffer
	}
	return nil
}

// next returns the next row that is not blank, and io.EOF after the last one.
func (s *splitter) next() (row, error) {
	if s.line == 0 {
		if err := s.skipBOM(); err != nil {
			return row{}, err
		}
	}
	for {
		r, err := s.nextRow()
		if err != nil || r.problem != "" || len(bytes.TrimSpace(r.raw)) > 0 {
			return r, err
		}
	}
}

// nextRow returns a row with its text. The number of quotes tells whether a line end is inside of quotes, because CSV writes a
// quote inside of quotes twice. A row that is too long is skipped up to the next line end.
func (s *splitter) nextRow() (row, error) {
	r := row{first: s.line + 1}
	quotes := 0
	for {
		part, err := s.from.ReadSlice('\n')
		s.read += int64(len(part))
		quotes += bytes.Count(part, []byte{'"'})
		tooLong := len(r.raw)+len(part) > maxRow || r.problem != ""
		if tooLong {
			r.raw, r.problem = nil, fmt.Sprintf("is longer than %d KiB, perhaps because a quote is not closed; its text is not repeated here", maxRow>>10)
		} else {
			r.raw = append(r.raw, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return row{}, err
		case err != nil && len(r.raw) == 0 && r.problem == "":
			return row{}, io.EOF
		}
		s.line++
		if r.last = s.line; err != nil || tooLong || !s.quoted || quotes%2 == 0 {
			r.raw = bytes.TrimSuffix(bytes.TrimSuffix(r.raw, []byte{'\n'}), []byte{'\r'})
			return r, nil
		}
	}
}
