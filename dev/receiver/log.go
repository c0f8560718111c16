package receiver

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// log is a file with one request a line.
type log struct{ *os.File }

// openLog returns the newest limit requests of the file in dir, and replaces the file by one with only these. An incomplete last
// line, which a crash leaves, is dropped.
func openLog(dir string, limit int) (log, []Request, error) {
	path := filepath.Join(dir, "receiver.jsonl")
	requests, err := readLog(path)
	if err != nil {
		return log{}, nil, fmt.Errorf("read %s: %w", path, err)
	}
	requests = requests[max(0, len(requests)-limit):]
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return log{}, nil, err
	}
	l := log{file}
	for _, r := range requests {
		err = errors.Join(err, l.append(r))
	}
	if err = errors.Join(err, os.Rename(path+".new", path)); err != nil {
		return log{}, nil, errors.Join(err, file.Close())
	}
	return l, requests, nil
}

func readLog(path string) ([]Request, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var requests []Request
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return requests, nil
		}
		if err != nil {
			return nil, err
		}
		var r Request
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if r.Body != nil {
			if err := json.Unmarshal(r.Body, &r.Event); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
		requests = append(requests, r)
	}
}

func (l log) append(r Request) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = l.Write(append(line, '\n'))
	return err
}
