package parts

import (
	"errors"
	"net/netip"
	"strconv"
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
	http, metrics                                               int
}

func newTemporalPorts() temporalPorts {
	return temporalPorts{
		FreePort(), FreePort(), FreePort(), FreePort(),
		FreePort(), FreePort(), FreePort(), FreePort(),
		FreePort(), FreePort(),
	}
}

// settings returns the environment of a server: that of deploy/temporal/server.env, and addresses, ports and the log level
// with which a server says that it has started. The server has its configuration from its own template, as in its image.
func (c *TemporalCluster) settings() (Settings, error) {
	file, errFile := deployed("temporal", "server.env")
	dynamic, errDynamic := deployed("temporal", "dynamic.yaml")
	if err := errors.Join(errFile, errDynamic); err != nil {
		return nil, err
	}
	s, err := assignments(file)
	if err != nil {
		return nil, err
	}
	p := c.ports
	return Settings(s).With(
		"DYNAMIC_CONFIG_FILE_PATH", dynamic, "LOG_LEVEL", "info",
		"POSTGRES_SEEDS", "127.0.0.1", "DB_PORT", strconv.Itoa(c.database.port), "POSTGRES_USER", postgresAccount,
		"FRONTEND_GRPC_PORT", strconv.Itoa(p.frontend), "FRONTEND_MEMBERSHIP_PORT", strconv.Itoa(p.frontendMember),
		"FRONTEND_HTTP_PORT", strconv.Itoa(p.http), "HISTORY_GRPC_PORT", strconv.Itoa(p.history),
		"HISTORY_MEMBERSHIP_PORT", strconv.Itoa(p.historyMember), "MATCHING_GRPC_PORT", strconv.Itoa(p.matching),
		"MATCHING_MEMBERSHIP_PORT", strconv.Itoa(p.matchingMember), "WORKER_GRPC_PORT", strconv.Itoa(p.worker),
		"WORKER_MEMBERSHIP_PORT", strconv.Itoa(p.workerMember),
	), nil
}

// on returns the settings of the server on a host.
func (c *TemporalCluster) on(host netip.Addr, s Settings) Settings {
	metrics := netip.AddrPortFrom(host, uint16(c.ports.metrics))
	return s.With("BIND_ON_IP", host.String(), "PROMETHEUS_ENDPOINT", metrics.String())
}
