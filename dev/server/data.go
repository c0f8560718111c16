package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"registrar/internal/config"
	"registrar/internal/secret"
	"registrar/internal/service"
)

// openData makes the data folder and takes it for this process. The lock ends with the process, however that ends.
func (s *stack) openData() error {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return fmt.Errorf("data folder %s cannot be made: %w; choose another with --data", s.data, reason(err))
	}
	lock, err := os.OpenFile(filepath.Join(s.data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("data folder %s cannot be written: %w; choose another with --data", s.data, reason(err))
	}
	s.later(lock.Close)
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("data folder %s is in use by another process; choose another with --data", s.data)
	}
	return nil
}

// reason is the part of a file error that says why.
func reason(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}

// openKeys uses the configured keysets, or else keysets of its own, made once and kept in the data folder: what is
// encrypted there can be read only with them.
func (s *stack) openKeys() (service.Keys, error) {
	k := config.Keys{PRF: s.config.Keys.PRF, Payload: s.config.Keys.Payload}
	var err error
	if k.PRF == "" {
		if k.PRF, err = keep(filepath.Join(s.data, "prf.keyset"), secret.GeneratePRF, secret.ParsePRF); err != nil {
			return service.Keys{}, err
		}
	}
	if k.Payload == "" {
		if k.Payload, err = keep(filepath.Join(s.data, "payload.keyset"), secret.GenerateAEAD, secret.ParseAEAD); err != nil {
			return service.Keys{}, err
		}
	}
	return service.OpenKeys(k)
}

// keep returns the keyset that is in a file, and makes it when there is none. A crash leaves the whole file or none.
func keep[Keyset any](path string, generate func() (string, error), parse func(string) (Keyset, error)) (string, error) {
	content, err := os.ReadFile(path)
	if err == nil {
		if _, err = parse(string(content)); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return string(content), err
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if used := filepath.Join(filepath.Dir(path), "temporal.db"); exists(used) {
		return "", fmt.Errorf("%s is missing, and what is in %s cannot be read without it: put it back, or use another data folder", path, used)
	}
	text, err := generate()
	if err != nil {
		return "", fmt.Errorf("make %s: %w", path, err)
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return "", err
	}
	return text, os.Rename(path+".new", path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
