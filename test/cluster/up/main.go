// Command up runs the cluster of registrar/test/cluster until Ctrl-C, for manual tests and fault injection: every part is a
// process that can be killed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"text/tabwriter"

	"registrar/internal/admission"
	"registrar/test/cluster"
	"registrar/test/parts"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := parts.Main(func(scope *parts.Scope) int {
		fmt.Println("Starting 3 × MariaDB, PostgreSQL, 2 × Temporal, 2 × API, 5 workers, 2 × HAProxy …")
		c := cluster.Start(scope, "API_MAX_WAIT", admission.DefaultMaxWait.String()) // tests admit all registrations
		show(c, serveOutbox(scope, c), writeOutbox(scope, c))
		<-ctx.Done()
		stop() // a second Ctrl-C ends this process and all parts at once
		fmt.Println("Stopping …")
		if err := c.Stop(); err != nil {
			scope.Logf("%v", err)
			return 1
		}
		return 0
	})
	os.Exit(code)
}

// show prints the address and the process id of each part.
func show(c *cluster.Cluster, outbox, file string) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	row := func(name, address string, p *parts.Process) {
		pid := ""
		if p != nil {
			pid = strconv.Itoa(p.PID())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, address, pid)
	}
	row("PART", "ADDRESS", nil)
	row("API (HAProxy)", c.URL(), c.Front.Process())
	for _, r := range c.Replicas() {
		row(r.Name(), r.Address, r.Process())
	}
	for i, address := range c.Temporal.Addresses() {
		row(fmt.Sprintf("Temporal %d", i), address, c.Temporal.Servers[i].Process())
	}
	row("PostgreSQL", c.PostgreSQL.Address(), c.PostgreSQL.Process())
	row("database (HAProxy)", c.Settings["DATABASE_DSN"], c.Database.Process())
	for _, n := range c.Galera.Nodes {
		row("Galera "+n.Name(), n.Address(), n.Process())
	}
	row("sent text messages", outbox, nil)
	_ = w.Flush() // standard output
	fmt.Printf("\nTo create load:\ngo run ./test/load --url %s --outbox %s --rate 10 --duration 1m\n", c.URL(), outbox)
	fmt.Printf("To create too much load:\ngo run ./test/load overload --url %s --outbox-file %s\n\nCtrl-C stops the cluster.\n", c.URL(), file)
}
