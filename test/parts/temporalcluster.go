package parts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"
)

// temporalServers is the number of servers of a cluster.
const temporalServers = 2

// TemporalCluster has two Temporal servers, 0 and 1, each with all four services, on one PostgreSQL server. They listen on
// 127.0.0.1 and 127.0.0.2 with the same ports, and have the configuration of deploy/temporal. The namespace is "default";
// registrar migrate up adds the service's search attributes.
type TemporalCluster struct {
	Servers [temporalServers]*TemporalServer

	database *PostgreSQL
	ports    temporalPorts
	names    string // the address of the DNS server
}

// TemporalServer is one of the servers. It is ready when workflows can be started and all its services have started. If the
// database is unavailable, a starting server exits, while a started server waits for the database. A server that is stopped
// hands its work over to the other one first.
type TemporalServer struct {
	Server

	address string // of the frontend
}

// temporalPrograms are the server and the tool that creates its tables.
type temporalPrograms struct{ server, sqlTool string }

// buildTemporalServer builds both once for all tests; the first time takes minutes.
var buildTemporalServer = sync.OnceValues(func() (temporalPrograms, error) {
	ctx := context.Background()
	folder, err := repository()
	if err != nil {
		return temporalPrograms{}, err
	}
	module, output := filepath.Join(folder, "tools", "server"), filepath.Join(folder, ".bin", "parts")
	p := temporalPrograms{filepath.Join(output, "temporal-server"), filepath.Join(output, "temporal-sql-tool")}
	return p, errors.Join(
		build(ctx, module, p.server, "go.temporal.io/server/cmd/server", production),
		build(ctx, module, p.sqlTool, "go.temporal.io/server/cmd/tools/sql", production),
	)
})

// StartTemporalCluster starts a new, empty cluster and returns when workflows can be started on each server, after about
// 10 s.
func StartTemporalCluster(t Test, database *PostgreSQL) *TemporalCluster {
	t.Helper()
	programs, err := buildTemporalServer()
	if err != nil {
		t.Fatalf("%v", err)
	}
	c := &TemporalCluster{database: database, ports: newTemporalPorts()}
	if err := c.createSchema(t.Context(), programs.sqlTool); err != nil {
		t.Fatalf("%v", err)
	}
	settings, err := c.settings()
	if err != nil {
		t.Fatalf("configure Temporal: %v", err)
	}
	var hosts []netip.Addr
	for i := range c.Servers {
		host := loopbackHost(i)
		hosts, c.Servers[i] = append(hosts, host), c.newServer(t, fmt.Sprintf("temporal%d", i), programs.server, host, settings)
	}
	c.names = startNames(t, temporalName, hosts...)
	if err := c.create(t.Context()); err != nil {
		t.Fatalf("start the Temporal cluster: %v", err)
	}
	return c
}

// newServer returns a server that does not run.
func (c *TemporalCluster) newServer(t Test, name, program string, host netip.Addr, settings Settings) *TemporalServer {
	t.Helper()
	s := &TemporalServer{address: netip.AddrPortFrom(host, uint16(c.ports.frontend)).String()}
	s.command = Command{Name: name, Path: program, Dir: Dir(t, name), Args: []string{"start"}, Env: c.on(host, settings).Environ()}
	s.check = func(ctx context.Context) error {
		if err := s.search(ctx, ""); err != nil {
			return err
		}
		return s.hasLogged(`"msg":"worker service started"`) // the last service
	}
	s.own(t)
	return s
}

// createSchema creates the databases and their tables.
func (c *TemporalCluster) createSchema(ctx context.Context, sqlTool string) error {
	for database, schema := range map[string]string{temporalStore: "temporal", temporalVisibility: "visibility"} {
		for _, args := range [][]string{
			{"create-database"},
			{"setup-schema", "--version", "0.0"},
			{"update-schema", "--schema-name", "postgresql/v12/" + schema},
		} {
			args = append([]string{
				"--plugin", "postgres12", "--endpoint", "127.0.0.1", "--port", strconv.Itoa(c.database.port),
				"--user", postgresAccount, "--database", database,
			}, args...)
			if out, err := exec.CommandContext(ctx, sqlTool, args...).CombinedOutput(); err != nil {
				return fmt.Errorf("temporal-sql-tool %v: %w: %s", args, err, out)
			}
		}
	}
	return nil
}

// create starts the servers one after the other: two servers on an empty database would fail because both write the
// description of the cluster.
func (c *TemporalCluster) create(ctx context.Context) error {
	first, second := c.Servers[0], c.Servers[1]
	if err := first.Launch(); err != nil {
		return err
	}
	if err := Await(ctx, readyTimeout, first.process.Gone(), c.registerNamespace); err != nil {
		return fmt.Errorf("register the namespace: %w\n%s", err, first.process.Tail())
	}
	if err := first.AwaitReady(); err != nil {
		return err
	}
	return second.Start()
}

func (c *TemporalCluster) registerNamespace(ctx context.Context) error {
	namespaces, err := client.NewNamespaceClient(c.Servers[0].options())
	if err != nil {
		return err
	}
	defer namespaces.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err = namespaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: client.DefaultNamespace, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); exists {
		return nil
	}
	return err
}

// AwaitSearch returns when all servers answer a query of workflows, that is when they have loaded its search attributes.
func (c *TemporalCluster) AwaitSearch(ctx context.Context, query string) error {
	var all []error
	for _, s := range c.Servers {
		all = append(all, Await(ctx, readyTimeout, s.process.Gone(), func(ctx context.Context) error { return s.search(ctx, query) }))
	}
	return errors.Join(all...)
}

// search connects to the server and counts workflows.
func (s *TemporalServer) search(ctx context.Context, query string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	temporal, err := client.DialContext(ctx, s.options())
	if err != nil {
		return err
	}
	defer temporal.Close()
	_, err = temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	return err
}

// options returns the options of a client of this server.
func (s *TemporalServer) options() client.Options {
	return client.Options{HostPort: s.address, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))}
}

// Addresses returns the addresses of the servers' frontends.
func (c *TemporalCluster) Addresses() []string {
	var all []string
	for _, s := range c.Servers {
		all = append(all, s.address)
	}
	return all
}

// Address returns the value for TEMPORAL_ADDRESS: a DNS name for all frontends, like a service name in Docker or Kubernetes,
// together with its DNS server. The SDK distributes requests over the frontends by round robin.
func (c *TemporalCluster) Address() string {
	return "dns://" + c.names + "/" + net.JoinHostPort(temporalName, strconv.Itoa(c.ports.frontend))
}
