package temporalserver

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// clusterName is recorded in every data file: it must never change.
const clusterName = "active"

// tuning has the settings that were chosen by measurement; BenchmarkTuning compares candidates.
type tuning struct {
	shards  int32 // history shards; applies when the file is created, an existing file keeps its number
	pollRPS int   // maximum polls a second for each queue of a shard; 0 means Temporal's default, 20
	conns   int   // connections to the data file
}

// measured needs the least processor time with 10 callers and is as fast as any candidate with one. At Temporal's default poll limit, one
// caller waits for it (26 instead of 45 workflows a second, p95 80 ms instead of 18 ms). With more connections, SQLite's single
// writer is contended (half the throughput). With 200 polls a second, 4 shards are as good as 8.
var measured = tuning{shards: 8, pollRPS: 200, conns: 1}

// taskWorkers is the number of goroutines that execute the tasks of each of the server's queues. The default is 512, for many
// processors. Each has a stack that grows and that every garbage collection scans.
const taskWorkers = 64

// bind builds the Temporal server, which then listens on all its ports.
func (s *Server) bind(ctx context.Context, t tuning) (err error) {
	choosing.Lock()
	defer choosing.Unlock()
	ports, err := freePorts(ctx, 4)
	if err != nil {
		return err
	}
	if s.options.Port == 0 {
		s.options.Port = ports[0]
	}
	cfg := s.config(t, ports[1:])
	hosts := make(map[primitives.ServiceName]static.Hosts)
	for name, service := range cfg.Services {
		address := net.JoinHostPort(loopbackIP, strconv.Itoa(service.RPC.GRPCPort))
		hosts[primitives.ServiceName(name)] = static.SingleLocalHost(address)
	}
	defer func() {
		if r := recover(); r != nil {
			message, ok := r.(fatal)
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("build Temporal server: %s", message)
		}
	}()
	s.temporal, err = temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts), // no gossip between the services: a faster start, no membership ports
		temporal.WithLogger(s.logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() }),
		temporal.WithDynamicConfigClient(dynamicConfig(t)),
	)
	if err != nil {
		return fmt.Errorf("build Temporal server: %w", err)
	}
	return nil
}

func (s *Server) config(t tuning, internalPorts []int) *config.Config {
	service := func(port int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopbackIP}}
	}
	return &config.Config{
		Global: config.Global{Membership: config.Membership{BroadcastAddress: loopbackIP}},
		Persistence: config.Persistence{
			DefaultStore:     "sqlite",
			VisibilityStore:  "sqlite",
			NumHistoryShards: t.shards,
			DataStores:       map[string]config.DataStore{"sqlite": {SQL: storeConfig(s.options.DataFile, t)}},
		},
		Services: map[string]config.Service{
			string(primitives.FrontendService): service(s.options.Port),
			string(primitives.HistoryService):  service(internalPorts[0]),
			string(primitives.MatchingService): service(internalPorts[1]),
			string(primitives.WorkerService):   service(internalPorts[2]),
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: s.Address()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: s.Address()},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchival{State: config.ArchivalDisabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: config.ArchivalDisabled},
		}},
	}
}

func dynamicConfig(t tuning) dynamicconfig.Client {
	settings := map[string]any{
		"frontend.enableServerVersionCheck": false, // does not call home
		"matching.enableFairness":           true,
		"history.externalPayloadsEnabled":   false, // there are none, and every write would look for them
		// A worker that stops gets no task any more that it would lose: that task would wait for its timeout.
		"frontend.enableCancelWorkerPollsOnShutdown": true,
		"matching.numTaskqueueReadPartitions":        1,
		"matching.numTaskqueueWritePartitions":       1,
		// Without this bound, every workflow of the last hour stays in memory, with about 25 KB.
		"history.hostLevelCacheMaxSize": 1000,
		// The default of 30 minutes spreads the load of many namespaces, which is not needed here.
		"history.retentionTimerJitterDuration": time.Second,
	}
	for _, queue := range []string{"timer", "transfer", "visibility", "archival", "Replication", "ReplicationLowPriority"} {
		settings["history."+queue+"ProcessorSchedulerWorkerCount"] = taskWorkers
	}
	if t.pollRPS > 0 {
		settings["history.transferProcessorMaxPollRPS"] = t.pollRPS
		settings["history.timerProcessorMaxPollRPS"] = t.pollRPS
		settings["history.visibilityProcessorMaxPollRPS"] = t.pollRPS
	}
	c := make(dynamicconfig.StaticClient)
	for key, value := range settings {
		c[dynamicconfig.MakeKey(key)] = value
	}
	return c
}
