// Command catcher takes what the service sends when there is no account at any provider: it answers the two calls that the
// service makes, Mailgun's "send an email" and Twilio's "create a message", and shows the messages on a page instead of
// delivering them. It takes any credentials and keeps the messages in memory. It shows codes to whoever reaches it, so
// docker-compose.yml publishes it on loopback only.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

const addr = ":8025"

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: addr, Handler: new(catcher).handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background()) // nothing outlasts it
	}()
	log.Printf("listening on %s", addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
