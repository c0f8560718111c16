//go:build ops

package ops_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// docPath is the operators' page.
var docPath = filepath.Join("..", "..", "docs", "operations.md")

// docPage has the blocks of the page by name, and records which of them were run.
type docPage struct {
	blocks map[string]string

	mu  sync.Mutex
	run map[string]bool
}

func readDoc() (*docPage, error) {
	blocks, err := parts.ReadDoc(docPath)
	return &docPage{blocks: blocks, run: map[string]bool{"shell": true}}, err // runs before every other block
}

// untested returns the blocks that no test has run.
func (p *docPage) untested() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for name := range p.blocks {
		if !p.run[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// script returns the shell input for a block.
func (p *docPage) script(name string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	block, ok := p.blocks[name]
	p.run[name] = true
	return "set -euo pipefail\n" + p.blocks["shell"] + block, ok
}

// do runs a block of the page in the operator's shell and returns its output. more are additional variables as NAME=value.
func (s *site) do(t *testing.T, block string, more ...string) string {
	t.Helper()
	out, err := s.try(t, block, more...)
	require.NoError(t, err, out)
	return out
}

func (s *site) try(t *testing.T, block string, more ...string) (string, error) {
	t.Helper()
	script, ok := operations.script(block)
	require.True(t, ok, "%s has no block %s", docPath, block)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", script)
	c.Dir = s.home
	c.Env = append(s.operator(), more...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if err != nil {
		err = errors.Join(fmt.Errorf("block %s: %w", block, err), errors.New(errs.String()))
	}
	return out.String(), err
}
