package parts

import (
	"fmt"
	"net/netip"
)

const (
	temporalName       = "temporal.test"
	temporalStore      = "temporal"
	temporalVisibility = "temporal_visibility"
)

// temporalPorts are the ports of every server of a cluster. A service must have the same ports on every host.
type temporalPorts struct {
	frontend, history, matching, worker                         int
	frontendMember, historyMember, matchingMember, workerMember int
}

func newTemporalPorts() temporalPorts {
	return temporalPorts{
		FreePort(), FreePort(), FreePort(), FreePort(),
		FreePort(), FreePort(), FreePort(), FreePort(),
	}
}

// temporalDynamicConfig has these settings: fairness, and one partition per queue as in dev (the default, four, costs 97 ms
// of processor time per registration instead of 74 ms); a stopping worker gets no task that it would lose; no check for new
// versions; a search attribute can be used 1 s after it was added; clients may send keep-alive pings every 5 s.
const temporalDynamicConfig = `matching.enableFairness: [{value: true}]
frontend.enableCancelWorkerPollsOnShutdown: [{value: true}]
frontend.enableServerVersionCheck: [{value: false}]
system.namespaceCacheRefreshInterval: [{value: 1s}]
frontend.keepAliveMinTime: [{value: 5s}]
matching.numTaskqueueReadPartitions: [{value: 1}]
matching.numTaskqueueWritePartitions: [{value: 1}]
`

// config returns a server's configuration. It has 16 history shards, because with a single shard every step waits for the
// shard's polls.
func (c *TemporalCluster) config(host netip.Addr, dynamic string) string {
	store := func(database string, connections int) string {
		return fmt.Sprintf(`{sql: {pluginName: postgres12, databaseName: %s, connectAddr: %q, connectProtocol: tcp, user: %s, maxConns: %[4]d, maxIdleConns: %[4]d}}`,
			database, c.database.Address(), postgresAccount, connections)
	}
	service := func(port, member int) string {
		return fmt.Sprintf("{rpc: {grpcPort: %d, membershipPort: %d, bindOnIP: %q}}", port, member, host)
	}
	p := c.ports
	frontend := netip.AddrPortFrom(host, uint16(p.frontend))
	return fmt.Sprintf(`log: {stdout: true, level: info}
persistence:
  defaultStore: store
  visibilityStore: visibility
  numHistoryShards: 16
  datastores:
    store: %s
    visibility: %s
global:
  membership: {maxJoinDuration: 30s, broadcastAddress: %q}
services:
  frontend: %s
  history: %s
  matching: %s
  worker: %s
clusterMetadata:
  enableGlobalNamespace: false
  failoverVersionIncrement: 10
  masterClusterName: active
  currentClusterName: active
  clusterInformation: {active: {enabled: true, initialFailoverVersion: 1, rpcName: frontend, rpcAddress: %q}}
dcRedirectionPolicy: {policy: noop}
publicClient: {hostPort: %[8]q}
archival: {history: {state: disabled}, visibility: {state: disabled}}
namespaceDefaults: {archival: {history: {state: disabled}, visibility: {state: disabled}}}
dynamicConfigClient: {filepath: %[9]q, pollInterval: 10s}
`, store(temporalStore, 20), store(temporalVisibility, 5), host,
		service(p.frontend, p.frontendMember), service(p.history, p.historyMember), service(p.matching, p.matchingMember),
		service(p.worker, p.workerMember), frontend, dynamic)
}
