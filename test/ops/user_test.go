//go:build ops

package ops_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// doUsers runs a block of the page about users in the operator's shell and returns its output.
func (s *site) doUsers(t *testing.T, block string, more ...string) string {
	t.Helper()
	out, err := s.shell(t, operations.Block(t, "shell")+users.Block(t, block), more...)
	require.NoError(t, err, "block %s: %s", block, out)
	return out
}

// TestUsersPage follows the page about users with one user.
func TestUsersPage(t *testing.T) {
	s := shared
	p := s.register(t, 1)[0]
	s.verify(t, []person{p})
	shown, err := s.shell(t, "registrar user show $ID --json", "ID="+p.ID)
	require.NoError(t, err, shown)
	var u struct {
		UserID string `json:"user_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(shown), &u))
	more := []string{"ID=" + p.ID, "USER_ID=" + u.UserID, "EMAIL=" + strings.ToUpper(p.Email), "MOBILE=" + p.MobileNumber}

	require.Equal(t, 3, strings.Count(s.doUsers(t, "find-http", more...), p.Email))
	require.Equal(t, 5, strings.Count(s.doUsers(t, "find", more...), p.Email))

	for range 2 { // with the same key, one change
		require.Contains(t, s.doUsers(t, "change", more...), `"status":"done"`)
	}
	status := "SELECT COUNT(*) FROM users WHERE id = ? AND status = ?"
	require.Equal(t, 1, s.lookUp(t, "SELECT COUNT(*) FROM profiles WHERE user_id = ? AND last_name = 'Nguyen' AND NOT marketing_consent", u.UserID))

	require.Equal(t, 2, strings.Count(s.doUsers(t, "block-http", more...), `"status":"done"`))
	require.Equal(t, 2, strings.Count(s.doUsers(t, "block", more...), "is done"))
	require.Equal(t, 1, s.lookUp(t, status, u.UserID, "active"))
	_, err = s.shell(t, "registrar user block $USER_ID", more...)
	require.NoError(t, err)
	require.Equal(t, 1, s.lookUp(t, status, u.UserID, "blocked"))

	trail := s.doUsers(t, "audit", more...)
	for _, want := range []string{"user.update", "user.block", "user.unblock", "cli:", "last_name", "admin"} {
		require.Contains(t, trail, want)
	}
	requireNothingPersonal(t, p, trail)
	require.Equal(t, 1, s.lookUp(t, "SELECT COUNT(*) FROM audit WHERE user_id = ? AND action = 'user.update'", u.UserID))
	require.Equal(t, 3, s.lookUp(t, "SELECT COUNT(*) FROM audit WHERE user_id = ? AND action = 'user.block'", u.UserID))
}

// TestTokensOfThePage starts an API with the tokens of the page.
func TestTokensOfThePage(t *testing.T) {
	s := shared
	file := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(file, []byte(users.Block(t, "tokens")), 0o600))
	api := s.program.StartAPI(s.ownedBySite(t), "api-tokens", s.settings.With("ADMIN_TOKENS_FILE", file))
	for token, status := range map[string]string{
		"VvXx2m0zN3Bq7LrT": "200", "c8QkY1sWf5HdE4pA": "200", "Zt9JuR6oGnK3iXbM": "403", "unknown-token-of-16": "401", adminToken: "200",
	} {
		out, err := parts.Shell(t.Context(), s.home, s.operator(), fmt.Sprintf(
			"curl --silent --output /dev/null --write-out '%%{http_code}' --header 'Authorization: Bearer %s' %s/v1/admin/users", token, api.URL()))
		require.NoError(t, err, out)
		require.Equal(t, status, out)
	}
}
