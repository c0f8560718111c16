package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const ruleset = "../../api/openapi-lint.yaml"

// The check is of use only if a mistake fails it.
func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	contract, err := os.ReadFile("../../api/openapi.yaml")
	require.NoError(t, err)
	for name, tt := range map[string]struct{ old, changed, want string }{
		"as it is":                  {"", "", ""},
		"public without saying so":  {"      security: []\n", "", "owasp-protection-global-unsafe"},
		"no servers":                {"servers:\n  - url: /\n", "x-servers:\n  - url: /\n", "style-oas3-api-servers"},
		"no contact":                {"  contact:\n", "  x-contact:\n", "style-info-contact"},
		"one operationId twice":     {"operationId: resendCode", "operationId: verifyRegistration", "operationId"},
		"a reference to nothing":    {"$ref: '#/components/responses/Internal'", "$ref: '#/components/responses/Nothing'", "Nothing"},
		"a parameter not described": {"name: id\n", "name: other\n", "semantic-path-params"},
		"no JSON Schema type":       {"type: boolean", "type: bool", "bool"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "openapi.yaml")
			changed := strings.Replace(string(contract), tt.old, tt.changed, 1)
			require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
			findings, err := lint(t.Context(), ruleset, path)
			require.NoError(t, err)
			if tt.want == "" {
				require.Empty(t, findings)
				return
			}
			require.ErrorContains(t, errors.Join(findings...), tt.want)
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "absent")
	for _, files := range [][2]string{{missing, "../../api/openapi.yaml"}, {ruleset, missing}} {
		_, err := lint(t.Context(), files[0], files[1])
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}
