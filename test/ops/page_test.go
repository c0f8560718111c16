//go:build ops

package ops_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pagePath is the operators' page. Each of its command blocks follows a comment that names it; the tests run the blocks
// by these names, so what an operator copies is what was tested.
var pagePath = filepath.Join("..", "..", "docs", "operations.md")

var blockOfPage = regexp.MustCompile("(?s)<!-- test: ([a-z-]+) -->\n```sh\n(.*?)```\n")

// page is the blocks of the page by name, and which of them were run.
type page struct {
	blocks map[string]string

	mu  sync.Mutex
	run map[string]bool
}

func readPage() (*page, error) {
	text, err := os.ReadFile(pagePath)
	if err != nil {
		return nil, err
	}
	p := &page{blocks: map[string]string{}, run: map[string]bool{"shell": true}} // each block is run after it
	for _, match := range blockOfPage.FindAllStringSubmatch(string(text), -1) {
		if _, twice := p.blocks[match[1]]; twice {
			return nil, fmt.Errorf("%s has two blocks with the name %s", pagePath, match[1])
		}
		p.blocks[match[1]] = match[2]
	}
	if fences := strings.Count(string(text), "```sh\n"); fences != len(p.blocks) {
		return nil, fmt.Errorf("%s has %d command blocks, of which %d have a name", pagePath, fences, len(p.blocks))
	}
	return p, nil
}

// untested lists the blocks that no test has run.
func (p *page) untested() []string {
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

// script is what the shell is given for a block.
func (p *page) script(name string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	block, ok := p.blocks[name]
	p.run[name] = true
	return "set -euo pipefail\n" + p.blocks["shell"] + block, ok
}

// do runs a block of the page in the operator's shell and returns what it printed. more are variables besides the
// shell's own, as NAME=value.
func (s *site) do(t *testing.T, block string, more ...string) string {
	t.Helper()
	out, err := s.try(t, block, more...)
	require.NoError(t, err, out)
	return out
}

func (s *site) try(t *testing.T, block string, more ...string) (string, error) {
	t.Helper()
	script, ok := operations.script(block)
	require.True(t, ok, "%s has no block %s", pagePath, block)
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
