//go:build docker

package compose

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireConfined checks what a process in a container can do.
func requireConfined(t *testing.T, s *stack) {
	// The account of the processes cannot change tables; that of migrate can.
	statement := func(account, file, statement string) (string, error) {
		return s.try("exec", s.container("db1"), "sh", "-c", `mariadb -h 127.0.0.1 -u "$0" -p"$(cat "$1")" registrar -e "$2"`, account, "/run/secrets/"+file, statement)
	}
	for _, forbidden := range []string{"CREATE TABLE a (n INT)", "DROP TABLE users", "ALTER TABLE users ADD a INT", "GRANT ALL ON *.* TO registrar"} {
		out, err := statement("registrar", "database_password", forbidden)
		require.Error(t, err, forbidden)
		require.Contains(t, out, "denied", forbidden)
	}
	for _, allowed := range []string{"CREATE TABLE a (n INT)", "ALTER TABLE a ADD b INT", "DROP TABLE a"} {
		out, err := statement("registrar_migrate", "database_migrate_password", allowed)
		require.NoError(t, err, out)
	}

	// HAProxy reaches the API, but nothing behind it, and nothing beside it in the network of the published ports.
	address := func(service, network string) string {
		return s.do("inspect", "--format", "{{(index .NetworkSettings.Networks \""+s.project+"_"+network+"\").IPAddress}}", s.container(service))
	}
	call := func(service, network, path string) error {
		_, err := s.try("exec", s.container("haproxy"), "timeout", "2", "wget", "-q", "-O", "/dev/null", "http://"+address(service, network)+path)
		return err
	}
	require.NoError(t, call("api", "front", ":8080/readyz"))
	require.Error(t, call("api", "database", ":8080/readyz"), "in a network of the API without HAProxy")
	require.Error(t, call("codec", "web-ui", ":8089/healthz"))
	require.Error(t, call("temporal", "temporal", ":7243/api/v1/cluster-info"))
	require.Error(t, call("temporal", "temporal-metrics", ":7243/api/v1/cluster-info"))
	require.Error(t, call("database", "database", ":8404/ready"))
	require.Error(t, call("database", "published", ":8404/ready"), "in the same network, which is only for ports")
	require.Error(t, call("mailpit", "published", ":8025/"))

	out, err := s.try("exec", s.container("valkey"), "valkey-cli", "KEYS", "*")
	require.NoError(t, err)
	require.Contains(t, out, "NOAUTH")

	// No container has a capability or runs as root.
	for container := range strings.FieldsSeq(s.do("compose", "ps", "--format", "{{.Name}}")) {
		if out, err := s.try("exec", container, "cat", "/proc/1/status"); err == nil { // our image has no cat
			require.Contains(t, out, "CapBnd:\t0000000000000000", container)
			require.Contains(t, out, "NoNewPrivs:\t1", container)
			require.NotContains(t, out, "Uid:\t0", container)
		}
	}
}
