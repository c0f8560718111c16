// Command catcher is a substitute for an SMS gateway. It accepts the text messages that the service sends to its webhook
// and shows them on a page instead of delivering them. Like a gateway, it accepts only requests signed with
// the key in the file SMS_WEBHOOK_SECRET_FILE. It keeps the messages in memory and shows codes to every client, so docker-compose.yml publishes it
// on loopback only.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const addr = ":8026"

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	key, err := readKey(os.Getenv("SMS_WEBHOOK_SECRET_FILE"))
	if err != nil {
		return fmt.Errorf("SMS_WEBHOOK_SECRET_FILE: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: addr, Handler: newCatcher(key, time.Now).handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background()) // the process ends after it, so an error has no effect
	}()
	log.Printf("listening on %s", addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
