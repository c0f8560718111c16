//go:build cluster

package parts_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// backend is a substitute for an API server. It counts requests.
type backend struct {
	ready  atomic.Bool
	served atomic.Int64
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/readyz" {
		b.served.Add(1)
	} else if !b.ready.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte(`{"status":"ready"}`))
}

func TestFront(t *testing.T) {
	var backends [2]backend
	addresses := parts.Addresses(len(backends))
	for i, address := range addresses {
		backends[i].ready.Store(true)
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		require.NoError(t, err)
		server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: &backends[i], ReadHeaderTimeout: time.Minute}}
		server.Start()
		t.Cleanup(server.Close)
	}
	f := parts.StartFront(t, addresses...)
	client := parts.NewClient(f.URL())
	send := func() error {
		return client.Call(t.Context(), parts.Request{Method: http.MethodGet, Path: "/"}, new(struct{}))
	}
	share := func() (a, b int64) {
		backends[0].served.Store(0)
		backends[1].served.Store(0)
		for range 20 {
			require.NoError(t, send())
		}
		return backends[0].served.Load(), backends[1].served.Load()
	}
	a, b := share()
	require.Equal(t, []int64{10, 10}, []int64{a, b}, "each in turn")

	backends[0].ready.Store(false)
	require.Eventually(t, func() bool { a, _ := share(); return a == 0 }, 10*time.Second, 10*time.Millisecond)
	backends[0].ready.Store(true)
	require.NoError(t, f.AwaitReady())
	a, b = share()
	require.Equal(t, []int64{10, 10}, []int64{a, b}, "each in turn again")

	stop, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				failed <- nil
				return
			default:
			}
			if err := send(); err != nil {
				failed <- err
				return
			}
		}
	}()
	began := time.Now()
	require.NoError(t, f.Reload())
	require.NoError(t, f.Reload())
	t.Logf("two reloads took %s", time.Since(began).Round(time.Millisecond))
	close(stop)
	require.NoError(t, <-failed, "no request fails while the proxy reloads")

	f.Kill()
	require.Error(t, send())
	require.NoError(t, f.Start())
	require.NoError(t, send())
}

// TestFrontDuringAnUpdate: only one of the replicas has a file of the page, which is of its version.
func TestFrontDuringAnUpdate(t *testing.T) {
	const file = "/signup/assets/page-1.css"
	var missed atomic.Int64
	addresses := parts.Addresses(2)
	for i, address := range addresses {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		require.NoError(t, err)
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if has := r.URL.Path == file && i == 0; r.URL.Path != "/readyz" && !has {
				missed.Add(1)
				w.WriteHeader(http.StatusNotFound)
			}
			_, _ = w.Write([]byte("{}"))
		})
		server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}}
		server.Start()
		t.Cleanup(server.Close)
	}
	client := parts.NewClient(parts.StartFront(t, addresses...).URL())
	get := func(path string) error {
		return client.Call(t.Context(), parts.Request{Method: http.MethodGet, Path: path}, new(struct{}))
	}
	for range 10 {
		require.NoError(t, get(file))
	}
	require.Positive(t, missed.Swap(0))
	require.Error(t, get("/v1/registrations/1"))
	require.EqualValues(t, 1, missed.Load(), "other requests are not repeated")
}
