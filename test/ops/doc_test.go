//go:build ops

package ops_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// The documentation pages whose blocks run here.
var (
	operations    = readPage("operations.md", "sh").Leave("alert-") // for operators; test/monitoring runs those about alerts
	production    = readPage("production.md", "sh", "sql", "text")
	notifications = readPage("notifications.md", "sh", "http", "python", "text")
	users         = readPage("users.md", "sh", "text")
	events        = readPage("events.md", "sh")
)

func readPage(name string, languages ...string) *parts.Page {
	page, err := parts.ReadPage(filepath.Join("..", "..", "docs", name), languages...)
	if err != nil {
		panic(err)
	}
	return page
}

// do runs a block of the operators' page in the operator's shell and returns its output. more are additional variables as
// NAME=value.
func (s *site) do(t *testing.T, block string, more ...string) string {
	t.Helper()
	out, err := s.try(t, block, more...)
	require.NoError(t, err, out)
	return out
}

func (s *site) try(t *testing.T, block string, more ...string) (string, error) {
	t.Helper()
	out, err := s.shell(t, operations.Block(t, "shell")+operations.Block(t, block), more...)
	if err != nil {
		err = fmt.Errorf("block %s: %w", block, err)
	}
	return out, err
}

// shell runs a script in the operator's shell and returns its output.
func (s *site) shell(t *testing.T, script string, more ...string) (string, error) {
	t.Helper()
	return parts.Shell(t.Context(), s.home, append(s.operator(), more...), script)
}
