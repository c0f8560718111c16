//go:build ops

package ops_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// TestRotationOfKeys rotates both keysets while registrations run, and finds registrations that started with the old keys.
func TestRotationOfKeys(t *testing.T) {
	s := startSite(t)
	s.writeEnvironment(t)
	before := s.register(t, 5)
	s.do(t, "keys-add")
	file, err := os.Stat(filepath.Join(s.home, "registrar.env"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), file.Mode(), "only the owner may read the keys")
	s.restartAll(t)
	between := s.register(t, 5)
	s.do(t, "keys-promote")
	s.restartAll(t)
	after := s.register(t, 5)
	all := slices.Concat(before, between, after)
	s.verify(t, all)
	s.awaitMessages(t, all)
	for _, p := range []person{before[0], between[0], after[0]} {
		id := "ID=" + p.ID
		require.Contains(t, s.do(t, "find", id, "EMAIL="+p.Email), p.ID)
		require.Contains(t, s.do(t, "look-temporal", id), p.Email)
		repeated, err := parts.NewClient(s.api.URL()).Register(t.Context(), p.Form, p.key)
		require.NoError(t, err)
		require.Equal(t, p.Handle, repeated, "the same Idempotency-Key returns the same registration and token")
	}
}

// writeEnvironment writes the settings of all processes to a file in the operator's home.
func (s *site) writeEnvironment(t *testing.T) {
	t.Helper()
	text := "PRF_KEYSET=" + s.settings["PRF_KEYSET"] + "\nPAYLOAD_KEYSET=" + s.settings["PAYLOAD_KEYSET"] + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(s.home, "registrar.env"), []byte(text), 0o600))
}

// restartAll restarts every process, one after the other, with the settings in the operator's file. In the meantime, processes
// with the old and the new keysets work together.
func (s *site) restartAll(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.home, "registrar.env"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		s.settings = s.settings.With(name, value)
	}
	for _, r := range []*parts.Replica{s.codec, s.api, s.notifier, s.registrar} {
		r.Configure("PRF_KEYSET", s.settings["PRF_KEYSET"], "PAYLOAD_KEYSET", s.settings["PAYLOAD_KEYSET"])
		require.NoError(t, r.Stop())
		require.NoError(t, r.Start())
	}
}
