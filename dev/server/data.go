package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"registrar/internal/config"
	"registrar/internal/secret"
	"registrar/internal/service"
)

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
