package temporalserver

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// webUI is Temporal's Web UI. It is an ordinary client of the frontend.
type webUI struct {
	server  *server.Server
	address string
}

func startUI(o Options, frontend string) *webUI {
	ui := &webUI{
		address: net.JoinHostPort(loopback, strconv.Itoa(o.UIPort)),
		server: server.NewServer(server_options.WithConfigProvider(&config.Config{
			Host:                loopback,
			Port:                o.UIPort,
			TemporalGRPCAddress: frontend,
			EnableUI:            true,
			DefaultNamespace:    o.Namespace,
			CORS:                config.CORS{CookieInsecure: true}, // plain HTTP, on loopback
			Codec:               config.Codec{Endpoint: o.CodecEndpoint},
			DisableNewsFetch:    true,
			HideLogs:            true,
		})),
	}
	go func() { _ = ui.server.Start() }() // blocks until stop, and always returns nil
	return ui
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
