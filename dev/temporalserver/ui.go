package temporalserver

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/labstack/echo/v4"
	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/api"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"

	"registrar/internal/loopback"
)

// webUI is Temporal's Web UI. It is an ordinary client of the frontend.
type webUI struct {
	server  *server.Server
	address string
}

func startUI(o Options, frontend string) *webUI {
	ui := &webUI{
		address: net.JoinHostPort(loopbackIP, strconv.Itoa(o.UIPort)),
		server: server.NewServer(server_options.WithConfigProvider(&config.Config{
			Host:                loopbackIP,
			Port:                o.UIPort,
			TemporalGRPCAddress: frontend,
			EnableUI:            true,
			DefaultNamespace:    o.Namespace,
			CORS:                config.CORS{CookieInsecure: true}, // plain HTTP, on loopback
			Codec:               config.Codec{Endpoint: o.CodecEndpoint},
			DisableNewsFetch:    true,
			HideLogs:            true,
		}), server_options.WithAPIMiddleware([]api.Middleware{localOnly})),
	}
	go func() { _ = ui.server.Start() }() // blocks until stop, and always returns nil
	return ui
}

// localOnly refuses calls of Temporal's API that a page of another host or origin sent. The Web UI has no login, so such a page
// could otherwise read and start workflows in the developer's browser.
func localOnly(echo.Context) runtime.ServeMuxOption {
	return runtime.WithMiddlewares(func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
			if !loopback.Check(r) {
				http.Error(w, "the Web UI accepts only requests of its own pages and of programs on this machine", http.StatusForbidden)
				return
			}
			next(w, r, params)
		}
	})
}

// wait returns when the Web UI accepts connections.
func (ui *webUI) wait(ctx context.Context) error {
	var dialer net.Dialer
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := dialer.DialContext(ctx, "tcp", ui.address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the Temporal Web UI: %w", err)
		case <-tick.C:
		}
	}
}

func (ui *webUI) stop() { ui.server.Stop() }
