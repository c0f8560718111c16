package parts

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readDeployed returns the text of a file in deploy/ or, with .., next to it.
func readDeployed(t *testing.T, path ...string) string {
	t.Helper()
	file, err := deployed(path...)
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// The tests of this file allow the servers of the tests to differ from those of deploy/ only in these options.
var (
	databaseAddresses = []string{"bind_address", "wsrep_cluster_address", "wsrep_provider_options"}
	providerAddresses = []string{"gmcast.listen_addr", "ist.recv_addr"}
	temporalAddresses = []string{
		"BIND_ON_IP", "DB_PORT", "DYNAMIC_CONFIG_FILE_PATH", "FRONTEND_GRPC_PORT", "FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT",
		"HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT", "LOG_LEVEL", "MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT", "POSTGRES_SEEDS",
		"POSTGRES_USER", "PROMETHEUS_ENDPOINT", "WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT",
	}
)

func TestGaleraHasTheDeployedOptions(t *testing.T) {
	t.Parallel()
	n := &GaleraNode{MariaDB: &MariaDB{dir: t.TempDir(), port: 3306}, ports: galeraPorts{4567, 4568, 4444}}
	require.NoError(t, n.configure())
	require.Equal(t, readDeployed(t, "galera", "galera.cnf"), read(t, n.defaults()))
	file, err := assignments(n.defaults())
	require.NoError(t, err)
	own, err := n.addresses([]string{"127.0.0.1:4567"})
	require.NoError(t, err)
	for _, option := range append(n.local(), own...) {
		name, value, _ := strings.Cut(strings.TrimPrefix(option, "--"), "=")
		name = strings.ReplaceAll(name, "-", "_") // both are valid
		deployed, both := file[name]
		if !both {
			continue
		}
		require.Contains(t, databaseAddresses, name)
		if name == "wsrep_provider_options" {
			added, found := strings.CutPrefix(value, deployed+";")
			require.True(t, found, value)
			for provider := range strings.SplitSeq(added, ";") {
				name, _, _ := strings.Cut(provider, "=")
				require.Contains(t, providerAddresses, name)
			}
		}
	}
}

func TestHAProxyHasTheDeployedConfiguration(t *testing.T) {
	t.Parallel()
	g := new(Galera)
	for i := range g.Nodes {
		g.Nodes[i] = &GaleraNode{MariaDB: new(MariaDB)}
	}
	for file, addresses := range map[string]Settings{
		"api":      new(Front).addresses("127.0.0.1:53", netip.IPv4Unspecified(), 8080),
		"database": (&HAProxy{galera: g}).addresses(),
	} {
		text := readDeployed(t, "haproxy", file+".cfg")
		command := haproxyCommand(t, file, addresses)
		path, err := deployed("haproxy", file+".cfg")
		require.NoError(t, err)
		require.Equal(t, []string{"-W", "-db", "-f", path}, command.Args)
		var preset, set []string
		for line := range strings.Lines(text) {
			if words := strings.Fields(line); len(words) > 0 && words[0] == "presetenv" && !strings.HasPrefix(words[1], "CLIENT_") { // limits, the same in the tests
				preset = append(preset, words[1])
			}
		}
		for name := range addresses {
			set = append(set, name)
		}
		require.ElementsMatch(t, preset, set, file)
	}
}

func TestTemporalHasTheDeployedSettings(t *testing.T) {
	t.Parallel()
	c := &TemporalCluster{database: new(PostgreSQL)}
	shared, err := c.settings()
	require.NoError(t, err)
	file, err := deployed("temporal", "server.env")
	require.NoError(t, err)
	inFile, err := assignments(file)
	require.NoError(t, err)
	for name, value := range c.on(loopbackHost(0), shared) {
		if deployed, both := inFile[name]; both {
			require.Equal(t, deployed, value, name)
		} else {
			require.Contains(t, temporalAddresses, name)
		}
	}
	require.Contains(t, shared["DYNAMIC_CONFIG_FILE_PATH"], filepath.Join("deploy", "temporal", "dynamic.yaml"))
}

// Settings that docker-compose.yml has in no other file.
func TestComposeHasTheSameOptions(t *testing.T) {
	t.Parallel()
	compose := readDeployed(t, "..", "docker-compose.yml")
	require.Contains(t, compose, "command: [postgres, "+strings.Join(postgresOptions, ", ")+"]")
	require.Contains(t, compose, "/registrar?"+databaseTimeouts+"\n")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
