// Package cluster runs the highly available system of docs/high-availability.md as plain processes on loopback. It has the
// same parts as docker-compose.yml, with the same configuration (deploy/), for tests and for manual fault injection.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"registrar/test/load/loop"
	"registrar/test/parts"
)

// Cluster is the whole system. Every part can be killed, most parts can be stopped or frozen, and all can be restarted with
// their settings and data. Only one goroutine at a time may do so.
type Cluster struct {
	Program  parts.Registrar
	Settings parts.Settings

	Galera     *parts.Galera          // the user database
	Database   *parts.HAProxy         // load balancer for the user database
	PostgreSQL *parts.PostgreSQL      // Temporal's database
	Temporal   *parts.TemporalCluster // two servers
	Mailgun    *parts.Mailgun
	Twilio     *parts.Twilio

	Front        *parts.Front // load balancer for the API
	API          []*parts.Replica
	Registration []*parts.Replica // workers of the queue registration
	High         []*parts.Replica // workers of notifications-high
	Low          []*parts.Replica // workers of notifications-low
	Events       []*parts.Replica // workers of events

	arrived atomic.Int64 // users of all loads
}

const database = "registrar"

// replicas is the number of API servers, and of workers of the queues registration and notifications-high, as in
// docker-compose.yml.
const replicas = 2

// Start starts all parts, with additional settings (alternating names and values), and returns when users can register,
// after about 30 s. If the test fails, the logs are kept.
func Start(t parts.Test, settings ...string) *Cluster {
	t.Helper()
	return StartReplicas(t, replicas, settings...)
}

// StartReplicas is like Start, with n replicas of the API servers and of the workers of the queues registration and
// notifications-high.
func StartReplicas(t parts.Test, n int, settings ...string) *Cluster {
	t.Helper()
	c := &Cluster{Program: parts.BuildRegistrar(t), Mailgun: parts.StartMailgun(t), Twilio: parts.StartTwilio(t)}
	c.PostgreSQL = parts.StartPostgreSQL(t)
	c.Temporal = parts.StartTemporalCluster(t, c.PostgreSQL)
	c.Galera = parts.StartGalera(t)
	c.Database = parts.StartHAProxy(t, c.Galera)
	if err := c.Galera.Nodes[0].Exec(t.Context(), "CREATE DATABASE "+database); err != nil {
		t.Fatalf("create the database: %v", err)
	}
	c.Settings = c.Program.Settings(t, parts.Surroundings{
		DSN: c.Database.DSN(database), Cluster: c.Temporal, Mailgun: c.Mailgun, Twilio: c.Twilio,
	}).With("API_DRAIN_DELAY", "5s").With(settings...) // the default
	c.Program.MigrateUp(t, c.Settings)
	if err := c.Temporal.AwaitSearch(t.Context(), "RegistrationStatus = 'failed'"); err != nil {
		t.Fatalf("wait for the search attributes: %v", err)
	}
	c.Registration = c.workers(t, n, "registration")
	c.High = c.workers(t, n, "notifications-high")
	c.Low = c.workers(t, 1, "notifications-low")
	c.Events = c.workers(t, 1, "events")
	addresses := parts.Addresses(n)
	for i, address := range addresses {
		c.API = append(c.API, c.Program.StartAPI(t, fmt.Sprintf("api%d", i), c.Settings.With("API_ADDR", address)))
	}
	c.Front = parts.StartFront(t, addresses...)
	return c
}

func (c *Cluster) workers(t parts.Test, n int, queue string) []*parts.Replica {
	t.Helper()
	var all []*parts.Replica
	for i := range n {
		all = append(all, c.Program.StartWorker(t, fmt.Sprintf("%s%d", queue, i), c.Settings, "--queues="+queue))
	}
	return all
}

// Reduce stops all but the first n replicas of the API servers and of the workers of the queues registration and
// notifications-high.
func (c *Cluster) Reduce(n int) error {
	var surplus []*parts.Replica
	for _, all := range []*[]*parts.Replica{&c.API, &c.Registration, &c.High} {
		n := min(n, len(*all))
		surplus = append(surplus, (*all)[n:]...)
		*all = (*all)[:n:n]
	}
	return parts.Each(len(surplus), len(surplus), func(i int) error { return surplus[i].Stop() })
}

// Stop shuts down all running parts in order, clients before servers.
func (c *Cluster) Stop() error {
	var all []error
	for _, r := range c.Replicas() {
		if r.Process().Running() { // false if it was killed
			all = append(all, r.Stop())
		}
	}
	for _, s := range c.Temporal.Servers {
		all = append(all, s.Stop())
	}
	all = append(all, c.PostgreSQL.Stop())
	for _, n := range c.Galera.Nodes {
		all = append(all, n.Stop())
	}
	return errors.Join(all...)
}

// Replicas returns all API servers and workers.
func (c *Cluster) Replicas() []*parts.Replica {
	return slices.Concat(c.API, c.Registration, c.High, c.Low, c.Events)
}

// Servers returns all parts that are processes.
func (c *Cluster) Servers() []*parts.Server {
	var all []*parts.Server
	for _, r := range c.Replicas() {
		all = append(all, &r.Server)
	}
	for _, t := range c.Temporal.Servers {
		all = append(all, &t.Server)
	}
	for _, n := range c.Galera.Nodes {
		all = append(all, &n.Server)
	}
	return append(all, &c.PostgreSQL.Server, &c.Front.Server, &c.Database.Server)
}

// URL returns the base URL of the API.
func (c *Cluster) URL() string { return c.Front.URL() }

// Load makes new users register and enter their codes, for which they wait until Options.Timeout. It sets the options URL,
// Person and Code.
func (c *Cluster) Load(ctx context.Context, o loop.Options) (*loop.Report, error) {
	const apart = 1_000_000 // more than the users of one load
	first := int(c.arrived.Add(apart)) - apart
	o.URL = c.URL()
	o.Person = func(i int) parts.Form { return parts.UserForm(first + i) }
	o.Code = func(ctx context.Context, _ string, form parts.Form) (string, error) {
		return c.Twilio.AwaitCode(ctx, form.MobileNumber)
	}
	return loop.Run(ctx, o)
}
