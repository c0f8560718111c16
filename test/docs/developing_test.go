//go:build ops

package docs_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// apply applies a block with a change, as the page tells the reader to do.
func (r *reader) apply(t *testing.T, block string) {
	t.Helper()
	_, err := r.in(t, r.dir, "git apply <<'CHANGE'\n"+r.page.Block(t, block)+"CHANGE\n")
	require.NoError(t, err, block)
}

// TestFirstChange makes the changes of docs/developing.md.
func TestFirstChange(t *testing.T) {
	t.Parallel()
	r := newReader(t, filepath.Join("docs", "developing.md"))
	r.apply(t, "rule-test")
	r.fails(t, "rule-fails", "undefined: errUsernameDigits")
	r.apply(t, "rule")
	r.run(t, "rule-passes")

	r.apply(t, "text")
	r.fails(t, "text-fails", "your Registrar account is ready")
	require.Contains(t, r.run(t, "text-passes"), "your Registrar account is ready")

	r.apply(t, "workflow")
	r.fails(t, "workflow-fails", "TestReplay/v1_happy_sms.json")
	r.apply(t, "workflow-version")
	r.run(t, "workflow-passes")
}
