package outbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const fileName = "outbox.jsonl"

// open loads the newest limit messages, and rewrites a file that has more than twice as many.
func open(dir string, limit int) (*Outbox, error) {
	path := filepath.Join(dir, fileName)
	file, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	o := &Outbox{file: file}
	if err := o.load(); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("read outbox %s: %w", path, err)
	}
	total := len(o.sent)
	o.sent = o.sent[max(0, total-limit):]
	if total <= 2*limit {
		return o, nil
	}
	if err := o.compact(path); err != nil {
		_ = o.file.Close()
		return nil, fmt.Errorf("compact outbox %s: %w", path, err)
	}
	return o, nil
}

func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

// load reads the complete lines and removes an incomplete last line.
func (o *Outbox) load() error {
	r := bufio.NewReader(o.file)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return o.file.Truncate(o.size)
		}
		if err != nil {
			return err
		}
		var s Sent
		if err := json.Unmarshal(line, &s); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		o.sent = append(o.sent, newStored(s))
		o.size += int64(len(line))
	}
}

// compact replaces the file by one with only the messages in memory. After a crash, either the old or the new file exists.
func (o *Outbox) compact(path string) error {
	unfinished := path + ".new"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := openFile(unfinished)
	if err != nil {
		return err
	}
	old := o.file
	o.file, o.size = file, 0
	_ = old.Close()
	for _, s := range o.sent {
		if err := o.write(s.Sent); err != nil {
			return err
		}
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}
