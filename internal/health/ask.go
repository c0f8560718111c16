package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxReport is far above the size of any report.
const maxReport = 64 << 10

// Ask sends a probe, LivePath or ReadyPath, to the process that listens on an address, and returns nil if it is alive or
// ready. An address without a host, or with an unspecified one such as 0.0.0.0, means this machine. The error is one line.
func Ask(ctx context.Context, addr, path string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	code, body, err := get(ctx, addr, path)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("no answer within %s", timeout)
	case err != nil:
		return err
	default:
		return checkAnswer(path, code, body)
	}
}

// get sends a request. It ignores the environment's proxy and follows no redirect.
func get(ctx context.Context, addr, path string) (code int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return 0, nil, err
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		DisableKeepAlives: true,
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxReport))
	return response.StatusCode, body, err
}

// checkAnswer returns nil if the answer means alive or ready.
func checkAnswer(path string, code int, body []byte) error {
	var report Report
	if json.Unmarshal(body, &report) != nil {
		report = Report{}
	}
	want := map[string]Status{LivePath: StatusOK, ReadyPath: StatusReady}[path]
	switch {
	case code == http.StatusOK && report.Status == want:
		return nil
	case report.Status == StatusNotReady:
		return fmt.Errorf("not ready (failed: %s)", strings.Join(report.failed(), ", "))
	default:
		return fmt.Errorf("GET %s answered %d %s, which is not the answer of a registrar process", path, code, http.StatusText(code))
	}
}

// failed returns the names of the failed checks, sorted.
func (r Report) failed() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.Checks)) {
		if r.Checks[name] != ResultOK {
			names = append(names, name)
		}
	}
	return names
}
