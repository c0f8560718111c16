//go:build ops

package moving_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// page is the guide whose blocks run here.
var page *parts.Page

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if page, err = parts.ReadPage(filepath.Join(root, "docs", "moving-off-the-monolith.md"), "sh", "sql"); err != nil {
		panic(err)
	}
	code := m.Run()
	if code == 0 && flag.Lookup("test.run").Value.String() == "" {
		if err := page.CheckUsed(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// TestTry starts the example beside the service by the command of the page. Ctrl-C ends both.
func TestTry(t *testing.T) {
	t.Parallel()
	dir, program := parts.Dir(t, "try"), parts.FreePort()
	command := strings.TrimSpace(page.Block(t, "try")) + fmt.Sprintf(" --data=%s --api-port=%d --ui-port=%d --temporal-port=%d --with-port=%d",
		filepath.Join(dir, "data"), parts.FreePort(), parts.FreePort(), parts.FreePort(), program)
	s := parts.StartServer(t, parts.Command{
		Name: "dev", Path: "bash", Args: []string{"-c", command}, Env: os.Environ(), Dir: root, LogDir: dir, StopSignal: syscall.SIGINT,
	}, "Registrar is ready.\n")
	address := fmt.Sprintf("http://localhost:%d", program)
	require.Contains(t, s.Process().Log(), address)
	require.Equal(t, http.StatusOK, get(address))
	_ = s.Stop() // go run exits with 1 after Ctrl-C
	require.Zero(t, get(address), "it has ended with the service")
}

// get returns the status of an answer, or 0.
func get(address string) int {
	response, err := http.Get(address) //nolint:gosec // an address of this test's service
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}
