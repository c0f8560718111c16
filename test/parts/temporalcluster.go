package parts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
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

// TemporalServers is the number of servers of a cluster.
const TemporalServers = 2

// TemporalCluster has two Temporal servers, 0 and 1, each with all four services, on one PostgreSQL server. They listen on
// 127.0.0.1 and 127.0.0.2 with the same ports. The namespace is "default"; registrar migrate up adds the service's search
// attributes. Only one goroutine at a time may start and stop servers.
type TemporalCluster struct {
	database *PostgreSQL
	ports    temporalPorts
	names    string // the address of the DNS server
	servers  [TemporalServers]*temporalServer
}

type temporalServer struct {
	host    netip.Addr
	command Command
	process *Process
}

// temporalPrograms are the server and the tool that creates its tables.
type temporalPrograms struct{ server, sqlTool string }

// buildTemporalServer builds both once for all tests; the first time takes minutes.
var buildTemporalServer = sync.OnceValues(func() (temporalPrograms, error) {
	ctx := context.Background()
	folder, err := root(ctx)
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
	var hosts []netip.Addr
	for i := range c.servers {
		host := netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)})
		hosts = append(hosts, host)
		if c.servers[i], err = c.configure(t, i, host, programs.server); err != nil {
			t.Fatalf("configure Temporal: %v", err)
		}
	}
	c.names = startNames(t, temporalName, hosts...)
	t.Cleanup(func() {
		for _, s := range c.servers {
			if s.process != nil {
				s.process.end(t)
			}
		}
	})
	if err := c.create(t.Context()); err != nil {
		t.Fatalf("start the Temporal cluster: %v", err)
	}
	return c
}

// configure writes a server's files.
func (c *TemporalCluster) configure(t Test, i int, host netip.Addr, program string) (*temporalServer, error) {
	t.Helper()
	name := fmt.Sprintf("temporal%d", i)
	dir := Dir(t, name)
	config, dynamic := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "dynamic.yaml")
	s := &temporalServer{host: host, command: Command{
		Name: name, Path: program, Dir: dir, Args: []string{"--config-file", config, "--allow-no-auth", "start"},
	}}
	return s, errors.Join(
		os.WriteFile(config, []byte(c.config(host, dynamic)), 0o644),
		os.WriteFile(dynamic, []byte(temporalDynamicConfig), 0o644),
	)
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
	if err := c.launch(0); err != nil {
		return err
	}
	first := c.servers[0].process
	if err := Await(ctx, time.Minute, first.Gone(), c.registerNamespace); err != nil {
		return fmt.Errorf("register the namespace: %w\n%s", err, first.Tail())
	}
	return errors.Join(c.AwaitReady(0), c.awaitServices(0), c.Start(1))
}

func (c *TemporalCluster) registerNamespace(ctx context.Context) error {
	namespaces, err := client.NewNamespaceClient(c.options(0))
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

// options returns the options of a client of one server.
func (c *TemporalCluster) options(i int) client.Options {
	return client.Options{HostPort: c.Addresses()[i], Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))}
}

func (c *TemporalCluster) launch(i int) (err error) {
	s := c.servers[i]
	s.process, err = StartProcess(s.command)
	return err
}

// AwaitReady returns when workflows can be started on a server.
func (c *TemporalCluster) AwaitReady(i int) error { return c.awaitQuery(i, "") }

// AwaitSearch returns when all servers answer a query of workflows, that is when they have loaded its search attributes.
func (c *TemporalCluster) AwaitSearch(query string) error {
	return errors.Join(c.awaitQuery(0, query), c.awaitQuery(1, query))
}

func (c *TemporalCluster) awaitQuery(i int, query string) error {
	s := c.servers[i]
	err := Await(context.Background(), time.Minute, s.process.Gone(), func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // a frozen server does not answer
		defer cancel()
		temporal, err := client.DialContext(ctx, c.options(i))
		if err != nil {
			return err
		}
		defer temporal.Close()
		_, err = temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		return err
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w\n%s", s.command.Name, err, s.process.Tail())
	}
	return nil
}

// Kill kills a server, as in a crash, and returns when it has ended.
func (c *TemporalCluster) Kill(i int) { c.servers[i].process.Kill() }

// Stop shuts a server down. The server hands its work over to the other one first.
func (c *TemporalCluster) Stop(i int) error { return c.servers[i].process.Stop(60 * time.Second) }

// Freeze suspends a server until Thaw; its connections stay open.
func (c *TemporalCluster) Freeze(i int) error { return c.servers[i].process.Freeze() }

// Thaw ends Freeze.
func (c *TemporalCluster) Thaw(i int) error { return c.servers[i].process.Thaw() }

// Start restarts a server after Kill or Stop, and returns when workflows can be started and all its services have started.
// If the database is unavailable, a starting server exits, while a started server waits for the database.
func (c *TemporalCluster) Start(i int) error {
	if err := c.launch(i); err != nil {
		return err
	}
	return errors.Join(c.AwaitReady(i), c.awaitServices(i))
}

func (c *TemporalCluster) awaitServices(i int) error {
	return c.servers[i].process.awaitLog(30*time.Second, `"msg":"worker service started"`) // the last service
}

// Process returns a server's running or last process.
func (c *TemporalCluster) Process(i int) *Process { return c.servers[i].process }

// Addresses returns the addresses of the servers' frontends.
func (c *TemporalCluster) Addresses() []string {
	var all []string
	for _, s := range c.servers {
		all = append(all, net.JoinHostPort(s.host.String(), strconv.Itoa(c.ports.frontend)))
	}
	return all
}

// Address returns the value for TEMPORAL_ADDRESS: a DNS name for all frontends, like a service name in Docker or Kubernetes,
// together with its DNS server. The SDK distributes requests over the frontends by round robin.
func (c *TemporalCluster) Address() string {
	return "dns://" + c.names + "/" + net.JoinHostPort(temporalName, strconv.Itoa(c.ports.frontend))
}
