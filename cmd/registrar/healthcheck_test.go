package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/health"
)

// probed is a process that answers probes. Its address is in the variable of its kind.
func probed(t *testing.T, variable string) (addr string, draining *atomic.Bool) {
	t.Helper()
	draining = new(atomic.Bool)
	checks := health.Checks{"draining": health.Draining(draining.Load)}
	server := httptest.NewServer(health.Handler(checks, slog.New(slog.DiscardHandler), http.NotFoundHandler()))
	t.Cleanup(server.Close)
	addr = server.Listener.Addr().String()
	t.Setenv(variable, addr)
	return addr, draining
}

func TestHealthcheck(t *testing.T) {
	for process, variable := range map[string]string{"api": "API_ADDR", "worker": "WORKER_HEALTH_ADDR", "codec": "CODEC_ADDR"} {
		t.Run(process, func(t *testing.T) {
			clean(t)
			addr, draining := probed(t, variable)
			out, err := execute(t, "", "healthcheck", process)
			require.NoError(t, err)
			require.Equal(t, process+" at "+addr+" is ready\n", out)

			draining.Store(true)
			require.Equal(t, exited{1, "registrar: " + process + " at " + addr + ": not ready (failed: draining)\n"}, exit(t, "healthcheck", process))
			out, err = execute(t, "", "healthcheck", process, "--live")
			require.NoError(t, err)
			require.Equal(t, process+" at "+addr+" is alive\n", out)
		})
	}
}

func TestHealthcheckOfASilentProcess(t *testing.T) {
	clean(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	t.Setenv("API_ADDR", addr)
	require.Equal(t, exited{1, "registrar: api at " + addr + ": no answer within 50ms\n"}, exit(t, "healthcheck", "api", "--timeout=50ms"))
	require.NoError(t, listener.Close())
	require.Equal(t, exited{1, "registrar: api at " + addr + ": dial tcp " + addr + ": connect: connection refused\n"}, exit(t, "healthcheck", "api"))
}

func TestHealthcheckUsage(t *testing.T) {
	clean(t)
	t.Setenv("API_ADDR", "8080")
	for want, args := range map[string][]string{
		"accepts 1 arg(s), received 0":                                      {},
		`invalid argument "migrate" for "registrar healthcheck"`:            {"migrate"},
		`API_ADDR: "8080" is not an address (host:port); an example: :8080`: {"api"},
		`invalid argument "soon" for "--timeout" flag`:                      {"api", "--timeout=soon"},
		`API_ADDR: "8080" is not an address (host:port)`:                    {"worker"},
		`accepts 1 arg(s), received 2`:                                      {"api", "worker"},
		`unknown flag: --ready`:                                             {"api", "--ready"},
	} {
		_, err := execute(t, "", append([]string{"healthcheck"}, args...)...)
		require.ErrorContains(t, err, want)
	}
	t.Setenv("API_ADDR", "")
	_, err := execute(t, "", "healthcheck", "worker")
	require.EqualError(t, err, "WORKER_HEALTH_ADDR: is not set; an example: 127.0.0.1:8081")
}
