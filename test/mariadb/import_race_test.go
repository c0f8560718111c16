//go:build mariadb

package mariadb_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestImportsAtOnce imports one file by several processes at once, such as an import that was repeated too early. The users have no
// ids, and no proven email.
func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	const users, processes = 3000, 3
	var file strings.Builder
	file.WriteString("email,first_name,last_name,password_hash\n")
	for i := range users {
		fmt.Fprintf(&file, "person%d@example.com,Ada,Lovelace,%s\n", i, hashes[0])
	}
	path := c.write(t, "unproven.csv", file.String())
	outputs, errs := make([]string, processes), make([]error, processes)
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() { outputs[i], errs[i] = c.program.Run(t.Context(), c.settings, "import", path, "--batch", "100") })
	}
	all.Wait()
	for i, err := range errs {
		require.NoError(t, err)
		require.Contains(t, outputs[i], fmt.Sprintf("%d rows", users))
		require.Contains(t, outputs[i], " 0 refused")
	}
	require.Equal(t, users, c.count(t, "users"))
}
