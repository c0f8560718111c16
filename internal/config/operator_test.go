package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/operator"
)

func TestOperators(t *testing.T) {
	t.Parallel()
	require.Empty(t, load(t).API.Operators())
	require.Equal(t, []operator.Operator{
		{Name: "admin", Scopes: []operator.Scope{"read", "write", "campaigns"}, Token: "sixteen-letters!"},
		{Name: "help-desk.2", Scopes: []operator.Scope{"read"}, Token: "token:with:colons"},
		{Name: "marketing", Scopes: []operator.Scope{"read", "campaigns"}, Token: "another-token-16"},
	}, load(t, "ADMIN_TOKEN=sixteen-letters!",
		"ADMIN_TOKENS=help-desk.2:read:token:with:colons, marketing:read+campaigns:another-token-16").API.Operators())
}

func TestOperatorsOfAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(file, []byte("# who: what\nsupport:read+write:first-token-16ch\n\nmonolith:read:second-token-16c\n"), 0o600))
	operators := load(t, "ADMIN_TOKENS_FILE="+file).API.Operators()
	require.Len(t, operators, 2)
	require.Equal(t, operator.Operator{Name: "monolith", Scopes: []operator.Scope{operator.Read}, Token: "second-token-16c"}, operators[1])
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.Empty(t, load(t, "ADMIN_TOKENS_FILE="+file).API.Operators(), "an empty file")
}

// TestWrongOperators also checks that no problem repeats a token.
func TestWrongOperators(t *testing.T) {
	t.Parallel()
	const token = "s3cret-token-of-16"
	name := "needs a name of 1 to 32 lower-case letters, digits, dashes, underscores and dots"
	for entries, want := range map[string]string{
		token:                      "entry 1 is not name:scope+scope:token",
		"support:" + token:         "entry 1 is not name:scope+scope:token",
		":read:" + token:           "entry 1 " + name,
		"Support:read:" + token:    "entry 1 " + name,
		"cli:x:read:" + token:      `entry 1 has a scope that is not one of ["read" "write" "campaigns"]`,
		"a::" + token:              `entry 1 has a scope that is not one of ["read" "write" "campaigns"]`,
		"a:read+erase:" + token:    `entry 1 has a scope that is not one of ["read" "write" "campaigns"]`,
		"a:read:s3cret-token-of":   "entry 1 has a token with fewer than 16 characters",
		"a:read:s3cret-tökèn-of16": "entry 1 has a token with characters other than visible ASCII",

		strings.Repeat("a", 33) + ":read:" + token:              "entry 1 " + name,
		"a:read:" + token + ",a:read:another-" + token:          `entry 2 has the name "a" again`,
		"a:read:" + token + ",b:read:" + token:                  `entry 2 has the token of "a"`,
		"admin:read:another-" + token:                           `entry 1 has the name "admin" again`,
		"a:read:" + token + "," + "b:write:admin-s3cret-token-": `entry 2 has the token of "admin"`,
	} {
		t.Run(entries, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load([]string{"ADMIN_TOKEN=admin-s3cret-token-", "ADMIN_TOKENS=" + entries})
			requireProblems(t, err, "ADMIN_TOKENS: "+want)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}
