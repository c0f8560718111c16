package parts

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// AwaitServing returns when the proxy regards all its servers as ready and sends requests to them.
func (f *Front) AwaitServing(ctx context.Context) error {
	return Await(ctx, 30*time.Second, f.process.Gone(), func(ctx context.Context) error {
		up, err := f.up(ctx)
		if err == nil && up < len(f.servers) {
			err = fmt.Errorf("HAProxy has %d of %d servers up", up, len(f.servers))
		}
		return err
	})
}

// up returns the number of servers that get requests (docs.haproxy.org, management guide, "show stat").
func (f *Front) up(ctx context.Context) (n int, err error) {
	connection, err := new(net.Dialer).DialContext(ctx, "unix", f.stats())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	if _, err := io.WriteString(connection, "show stat\n"); err != nil {
		return 0, err
	}
	rows, err := csv.NewReader(connection).ReadAll()
	if err != nil {
		return 0, err
	}
	const name, status = 1, 17
	for _, row := range rows {
		if len(row) > status && strings.HasPrefix(row[name], "api") && row[status] == "UP" {
			n++
		}
	}
	return n, nil
}

func (f *Front) stats() string { return filepath.Join(filepath.Dir(f.file), "stats") }
