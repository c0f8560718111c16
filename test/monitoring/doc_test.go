//go:build ops

package monitoring_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

const alertPrefix = "alert-" // of the names of blocks that run here

// operations are the blocks of the page for operators.
var operations = readBlocks(filepath.Join("..", "..", "docs", "operations.md"))

func readBlocks(path string) []parts.Block {
	blocks, err := parts.ReadBlocks(path)
	if err != nil {
		panic(err)
	}
	return blocks
}

// block returns a block of the page for operators. The zero Block means that there is none.
func block(name string) parts.Block {
	i := slices.IndexFunc(operations, func(b parts.Block) bool { return b.Name == name })
	if i < 0 {
		return parts.Block{}
	}
	return operations[i]
}

// shell runs a script in the operator's shell and returns its output. more are additional variables.
func (s *site) shell(ctx context.Context, script string, more ...string) (string, error) {
	return parts.Shell(ctx, s.home, append(s.operator(), more...), block("shell").Text+block(alertPrefix+"shell").Text+script)
}

// TestCommands runs the commands in the paragraph of each alert.
func TestCommands(t *testing.T) {
	names := []string{alertPrefix + "all", alertPrefix + "shell"}
	for _, a := range alerts(t) {
		if name := blockName(a.Alert); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var documented []string
	for _, b := range operations {
		if strings.HasPrefix(b.Name, alertPrefix) {
			documented = append(documented, b.Name)
		}
	}
	require.ElementsMatch(t, names, documented, "each alert has a block, and each block is for an alert")
	for _, name := range documented {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := shared.shell(t.Context(), block(name).Text)
			require.NoError(t, err)
			if name == alertPrefix+"all" {
				require.Contains(t, output, "StepsParked")
			}
		})
	}
}

// blockName returns the name of an alert's block: alert-codes-late for CodesLate.
func blockName(alert string) string {
	var name strings.Builder
	for _, r := range alert {
		if 'A' <= r && r <= 'Z' {
			name.WriteByte('-')
		}
		name.WriteRune(r)
	}
	return strings.TrimSuffix(alertPrefix, "-") + strings.ToLower(name.String())
}
