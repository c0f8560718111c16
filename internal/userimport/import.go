package userimport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"registrar/internal/user"
)

const (
	// maxBatchBytes bounds the text of a batch. MariaDB and MySQL accept statements up to 16 MiB by default.
	maxBatchBytes = 4 << 20
	// batchTimeout is how long one batch may take. An interrupted import finishes its batch.
	batchTimeout = 2 * time.Minute
)

// ErrInterrupted means that the context ended. All batches before are stored.
var ErrInterrupted = errors.New("interrupted")

// Store stores users. Import may be repeated after an error.
type Store interface {
	Import(ctx context.Context, users []user.Transfer) ([]user.Imported, error)
}

// Options tune an import.
type Options struct {
	Format Format
	Batch  int // rows in one transaction
	// Refused gets the refused rows in the same format, with the line and all reasons in the column "refused".
	Refused io.Writer
	// Report is called with every refused row, and Progress after every batch; each may be nil.
	Report   func(place, reason string)
	Progress func(Result)
}

// Result counts the rows of an import.
type Result struct {
	Rows, Stored, Present, Refused int
	Bytes                          int64 // read from the file
}

// batch is the rows that are stored in one transaction.
type batch struct {
	rows     []row
	users    []user.Transfer     // of the rows without a problem
	problems [][]user.FieldError // of each row
	bytes    int64               // position in the file behind the batch
	err      error               // ends the file
}

// Import imports a file. If ctx ends, it finishes the current batch and returns ErrInterrupted with what it has done. To repeat an
// import is safe: users who are there already are counted as present.
func (c Checker) Import(ctx context.Context, from io.Reader, to Store, o Options) (Result, error) {
	var (
		done Result
		rows source = newJSONSource(from)
	)
	if o.Format == CSV {
		rows = newCSVSource(from)
	}
	refused := bufio.NewWriterSize(o.Refused, 64<<10)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan batch)
	go c.read(reading, rows, o.Batch, batches)
	for {
		select {
		case <-ctx.Done():
			return done, ErrInterrupted
		case b := <-batches:
			if err := done.add(ctx, b, to, rows, refused, o); err != nil {
				return done, err
			}
			if b.err != nil {
				return done, ignoreEOF(b.err)
			}
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read the file: %w", err)
}

// read checks rows while the batch before is stored. The last batch has an error, io.EOF at the end of the file.
func (c Checker) read(ctx context.Context, rows source, size int, to chan<- batch) {
	for {
		b := c.readBatch(rows, size)
		select {
		case to <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
	}
}

func (c Checker) readBatch(rows source, size int) (b batch) {
	text := 0
	for len(b.rows) < size && text < maxBatchBytes {
		r, err := rows.next()
		if err != nil {
			b.err = err
			break
		}
		t, problems := c.check(r)
		if len(problems) == 0 {
			b.users = append(b.users, t)
		}
		b.rows, b.problems = append(b.rows, r), append(b.problems, problems)
		text += len(r.raw)
	}
	b.bytes = rows.position()
	return b
}

// add stores a batch and counts its rows.
func (done *Result) add(ctx context.Context, b batch, to Store, rows source, refused *bufio.Writer, o Options) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTimeout)
	defer cancel()
	imported, err := to.Import(ctx, b.users)
	if err != nil {
		return err
	}
	for i, r := range b.rows {
		problems := b.problems[i]
		if len(problems) == 0 {
			outcome := imported[0]
			imported = imported[1:]
			done.count(outcome.Outcome)
			problems = outcome.Problems
		} else {
			done.count(user.ImportRefused)
		}
		if len(problems) == 0 {
			continue
		}
		reason := describe(problems)
		if o.Report != nil {
			o.Report(r.place(), reason)
		}
		if err := rows.writeRefused(refused, done.Refused == 1, r, r.place()+": "+reason); err != nil {
			return fmt.Errorf("write the refused rows: %w", err)
		}
	}
	done.Bytes = b.bytes
	if err := refused.Flush(); err != nil {
		return fmt.Errorf("write the refused rows: %w", err)
	}
	if o.Progress != nil {
		o.Progress(*done)
	}
	return nil
}

func (done *Result) count(outcome user.ImportOutcome) {
	done.Rows++
	switch outcome {
	case user.ImportStored:
		done.Stored++
	case user.ImportPresent:
		done.Present++
	default:
		done.Refused++
	}
}

// describe lists the problems of a row. It has no values of the row.
func describe(problems []user.FieldError) string {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Field + ": " + p.Message
	}
	return strings.Join(texts, "; ")
}
