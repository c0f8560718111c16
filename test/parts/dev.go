package parts

import (
	"context"
	"path/filepath"
	"strconv"
	"sync"
)

var buildDev = sync.OnceValues(func() (string, error) {
	folder, err := repository()
	if err != nil {
		return "", err
	}
	output := filepath.Join(folder, ".bin", "parts", "dev")
	return output, build(context.Background(), folder, output, "./dev/server", nil, tags)
})

// StartDev builds the service of dev from the working tree and starts it with no data and with additional settings, in the
// format of os.Environ. It returns the URL of its API and its outbox, which is http://localhost:PORT.
func StartDev(t Test, settings ...string) string {
	t.Helper()
	program, err := buildDev()
	if err != nil {
		t.Fatalf("%v", err)
	}
	dir, port := Dir(t, "dev"), strconv.Itoa(FreePort())
	StartServer(t, Command{
		Name: "dev", Path: program, Dir: dir, Env: append([]string{"HOME=" + dir}, settings...),
		Args: []string{"--data", filepath.Join(dir, "data"), "--api-port", port, "--ui-port", strconv.Itoa(FreePort()), "--temporal-port", strconv.Itoa(FreePort())},
	}, "Ctrl-C stops the service")
	return "http://localhost:" + port
}
