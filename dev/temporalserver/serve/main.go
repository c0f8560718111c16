// Command serve runs only the Temporal server and Web UI of dev, on loopback. Use it for tests, or if you run the API and the
// workers yourself. It needs no database.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"registrar/dev/temporalserver"
	"registrar/internal/engine"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, parse(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func parse() temporalserver.Options {
	o := temporalserver.Options{
		SearchAttributes: engine.SearchAttributes(),
		Logger:           slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	flag.StringVar(&o.DataFile, "data", "temporal.db", "data file, created if it does not exist")
	flag.IntVar(&o.Port, "port", 7233, "port of the gRPC frontend")
	flag.IntVar(&o.UIPort, "ui-port", 8233, "port of the Web UI; 0 means none")
	flag.StringVar(&o.CodecEndpoint, "codec-endpoint", "", "URL that the Web UI calls from the browser to decode payloads")
	flag.StringVar(&o.Namespace, "namespace", "default", "namespace, created if it does not exist")
	flag.Parse()
	return o
}

// run runs the server until ctx ends. It prints one line when workflows can be started.
func run(ctx context.Context, o temporalserver.Options, stdout io.Writer) error {
	server, err := temporalserver.Start(ctx, o)
	if err != nil {
		return err
	}
	defer server.Stop()
	if o.UIPort == 0 {
		fmt.Fprintf(stdout, "Temporal is ready: %s\n", server.Address())
	} else {
		fmt.Fprintf(stdout, "Temporal is ready: %s, Web UI http://127.0.0.1:%d\n", server.Address(), o.UIPort)
	}
	<-ctx.Done()
	return nil
}
