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

// Dev is the service of dev as a process.
type Dev struct {
	*Server

	URL      string // of its API and its outbox: http://localhost:PORT
	Data     string // its data folder
	Temporal string // the host:port of its Temporal server
}

// StartDev builds the service of dev from the working tree and starts it with no data and with additional settings, in the
// format of os.Environ.
func StartDev(t Test, settings ...string) *Dev {
	t.Helper()
	program, err := buildDev()
	if err != nil {
		t.Fatalf("%v", err)
	}
	dir, api, temporal := Dir(t, "dev"), FreePort(), FreePort()
	d := &Dev{URL: "http://localhost:" + strconv.Itoa(api), Data: filepath.Join(dir, "data"), Temporal: Loopback(temporal)}
	d.Server = StartServer(t, Command{
		Name: "dev", Path: program, Dir: dir, Env: append([]string{"HOME=" + dir}, settings...),
		Args: []string{
			"--data", d.Data, "--api-port", strconv.Itoa(api), "--ui-port", strconv.Itoa(FreePort()), "--temporal-port", strconv.Itoa(temporal),
		},
	}, "Ctrl-C stops the service")
	return d
}
