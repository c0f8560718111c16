package wiring_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/wiring"
)

// pipeListener hands out in-memory connections, so that a test's clock can be synthetic.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
	broken      chan error
}

func newPipeListener() *pipeListener {
	return &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{}), broken: make(chan error, 1)}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.connections:
		return c, nil
	case err := <-l.broken:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.connections <- far:
		return near, nil
	case <-l.closed:
		return nil, errors.New("refused")
	}
}

const (
	shutdown   = 20 * time.Second
	drainDelay = 5 * time.Second
)

// serving is a server with one request in its handler, which ends when release is closed.
type serving struct {
	server   *wiring.Server
	listener *pipeListener
	stop     func()
	release  chan struct{}
	answer   chan string // the request's answer, or its error
	ended    chan error
}

// serve starts in a synctest bubble and returns when the handler runs.
func serve(t *testing.T) *serving {
	t.Helper()
	s := &serving{
		server: wiring.NewServer("pipe", shutdown, drainDelay, slog.New(slog.DiscardHandler)), listener: newPipeListener(),
		release: make(chan struct{}), answer: make(chan string, 1), ended: make(chan error, 1),
	}
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	entered := make(chan struct{})
	handler := http.NewServeMux()
	handler.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-s.release
		_, _ = io.WriteString(w, "done")
	})
	handler.HandleFunc("/quick", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })
	go func() { s.ended <- s.server.Serve(ctx, s.listener, handler) }()
	go func() { s.answer <- s.get("/slow") }()
	<-entered
	return s
}

func (s *serving) get(path string) string {
	client := http.Client{Transport: &http.Transport{DialContext: s.listener.dial, DisableKeepAlives: true}}
	response, err := client.Get("http://server" + path)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestServeDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		require.False(t, s.server.Draining())
		cancelled := time.Now()
		s.stop()
		synctest.Wait()
		require.True(t, s.server.Draining())
		require.Zero(t, time.Since(cancelled))
		require.Equal(t, "here", s.get("/quick"), "it still serves while load balancers turn away")

		time.AfterFunc(drainDelay+shutdown/2, func() { close(s.release) })
		require.NoError(t, <-s.ended)
		require.Equal(t, "done", <-s.answer)
		require.GreaterOrEqual(t, time.Since(cancelled), drainDelay+shutdown/2)
		require.Less(t, time.Since(cancelled), drainDelay+shutdown)
		require.Contains(t, s.get("/quick"), "refused")
	})
}

func TestServeWithoutRequestsEndsAfterTheDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		close(s.release)
		require.Equal(t, "done", <-s.answer)
		cancelled := time.Now()
		s.stop()
		require.NoError(t, <-s.ended)
		require.InDelta(t, drainDelay, time.Since(cancelled), float64(time.Second))
	})
}

func TestServeClosesSlowRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		cancelled := time.Now()
		s.stop()
		require.NoError(t, <-s.ended, "a requested end is not an error")
		require.Equal(t, drainDelay+shutdown, time.Since(cancelled))
		require.Contains(t, <-s.answer, "EOF")
		close(s.release)
	})
}

func TestServeReportsItsListener(t *testing.T) {
	t.Parallel()
	broken := errors.New("too many open files")
	for name, draining := range map[string]bool{"serving": false, "draining": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := serve(t)
				if draining {
					s.stop()
					synctest.Wait()
				}
				s.listener.broken <- broken
				err := <-s.ended
				require.ErrorIs(t, err, broken)
				require.ErrorContains(t, err, "serve pipe")
				close(s.release)
				<-s.answer
				s.stop()
			})
		})
	}
}

func TestRunNamesTheAddress(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	server := wiring.NewServer(taken.Addr().String(), 0, 0, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, server.Run(t.Context(), http.NotFoundHandler()), "listen on "+taken.Addr().String())
}
