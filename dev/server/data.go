package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"registrar/internal/secret"
	"registrar/internal/wiring"
)

// openKeys opens the configured keysets. A missing one is generated once and stored in the data folder, whose encrypted data
// can be read only with the same keysets.
func (s *stack) openKeys() (wiring.Keys, error) {
	k := s.config.Keys
	var err error
	if k.PRF == "" {
		if k.PRF, err = loadOrGenerate(filepath.Join(s.data, "prf.keyset"), secret.GeneratePRF, secret.ParsePRF); err != nil {
			return wiring.Keys{}, err
		}
	}
	if k.Payload == "" {
		if k.Payload, err = loadOrGenerate(filepath.Join(s.data, "payload.keyset"), secret.GenerateAEAD, secret.ParseAEAD); err != nil {
			return wiring.Keys{}, err
		}
	}
	return wiring.OpenKeys(k)
}

// loadOrGenerate returns the keyset in a file. If the file is missing, it generates a keyset and writes the file atomically.
func loadOrGenerate[Keyset any](path string, generate func() (string, error), parse func(string) (Keyset, error)) (string, error) {
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
		return "", fmt.Errorf("%s is missing, and %s cannot be decrypted without it; restore the file or use another data folder", path, used)
	}
	text, err := generate()
	if err != nil {
		return "", fmt.Errorf("generate %s: %w", path, err)
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
