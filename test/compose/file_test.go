// Package compose tests docker-compose.yml and the files that it mounts. Without Docker, it checks the file. With Docker
// (build tag docker), it checks that the system works and survives the loss of parts. docs/compose.md has the results.
package compose

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// secrets are the variables of deploy/env.example that must be set.
var secrets = []string{
	"DATABASE_PASSWORD", "DATABASE_ROOT_PASSWORD", "TEMPORAL_DB_PASSWORD", "CODEC_TOKEN", "GRAFANA_PASSWORD", "PRF_KEYSET", "PAYLOAD_KEYSET",
	"SMS_WEBHOOK_SECRET",
}

// marker returns the value of a secret in these tests. The file itself must contain no secret.
func marker(name string) string { return "value-of-" + strings.ToLower(name) }

func load(t *testing.T, environ ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")}, cli.WithEnv(environ))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func setup(t *testing.T) *types.Project {
	var environ []string
	for _, name := range secrets {
		environ = append(environ, name+"="+marker(name))
	}
	project, err := load(t, environ...)
	require.NoError(t, err)
	return project
}

// each runs a subtest for every service.
func each(t *testing.T, check func(t *testing.T, s types.ServiceConfig)) {
	for name, service := range setup(t).Services {
		t.Run(name, func(t *testing.T) { check(t, service) })
	}
}

func replicas(s types.ServiceConfig) int {
	if s.Deploy != nil && s.Deploy.Replicas != nil {
		return *s.Deploy.Replicas
	}
	return 1
}

func isJob(s types.ServiceConfig) bool { return s.Restart == types.RestartPolicyOnFailure }

func TestTheTopology(t *testing.T) {
	t.Parallel()
	want := map[string]int{
		"haproxy": 1, "api": 2, "worker-registration": 2, "worker-high": 2, "worker-low": 1, "codec": 1, "migrate": 1,
		"valkey": 1, "mailpit": 1, "catcher": 1, "database": 1, "db1": 1, "db2": 1, "db3": 1, "temporal": 2, "temporal-db": 1, "temporal-schema": 1,
		"temporal-namespace": 1, "temporal-ui": 1, "web-ui": 1, "prometheus": 1, "grafana": 1,
	}
	have := map[string]int{}
	for name, service := range setup(t).Services {
		have[name] = replicas(service)
	}
	require.Equal(t, want, have)
}

func TestImagesArePinned(t *testing.T) {
	t.Parallel()
	exact := regexp.MustCompile(`^postgres:\d+\.\d+-bookworm$|:v?\d+\.\d+\.\d+(-[a-z]+)?$`)
	each(t, func(t *testing.T, s types.ServiceConfig) {
		if s.Build != nil {
			require.Regexp(t, `^registrar(-catcher)?:local$`, s.Image)
			return
		}
		require.Regexp(t, exact, s.Image)
	})
}

func TestWhatRunsIsCheckedAndRestarted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s types.ServiceConfig) {
		if isJob(s) {
			return
		}
		require.Equal(t, types.RestartPolicyUnlessStopped, s.Restart)
		require.NotNil(t, s.HealthCheck, "no health check")
		require.NotEmpty(t, s.HealthCheck.Test)
		require.NotNil(t, s.HealthCheck.StartPeriod, "no start period")
		require.NotNil(t, s.HealthCheck.Timeout, "no timeout")
	})
}

// Each of our containers is checked by its own program: the image has no other. Workers listen only for this check.
func TestHealthChecksOfOurImages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s types.ServiceConfig) {
		if s.Image != "registrar:local" || isJob(s) {
			return
		}
		process := s.Command[0]
		require.Equal(t, types.HealthCheckTest{"CMD", "/registrar", "healthcheck", process}, s.HealthCheck.Test)
		require.Greater(t, time.Duration(*s.HealthCheck.Timeout), 2*time.Second, "the command's own timeout comes first, and its message")
		if process == "worker" {
			require.Equal(t, "127.0.0.1:8081", *s.Environment["WORKER_HEALTH_ADDR"])
		}
		require.Empty(t, s.Volumes)
	})
}

func TestOnlyWhatPeopleUseIsPublishedAndOnLoopback(t *testing.T) {
	t.Parallel()
	published := map[string]bool{"haproxy": true, "database": true, "mailpit": true, "catcher": true, "web-ui": true, "grafana": true}
	each(t, func(t *testing.T, s types.ServiceConfig) {
		require.Equal(t, published[s.Name], len(s.Ports) > 0)
		for _, port := range s.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, "port %d", port.Target)
			require.False(t, s.Name == "database" && port.Target == 3306, "the database itself stays inside")
		}
		require.Empty(t, s.NetworkMode)
		require.False(t, s.Privileged)
	})
}

func TestEverySecretComesFromTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, left := range secrets {
		var environ []string
		for _, name := range secrets {
			if name != left {
				environ = append(environ, name+"="+marker(name))
			}
		}
		_, err := load(t, environ...)
		require.ErrorContains(t, err, left)
		require.ErrorContains(t, err, "deploy/new-env.sh")
	}

	// A variable whose name looks like a secret has the value of a secret or is empty.
	secretive := regexp.MustCompile(`PASSWORD|PWD|TOKEN|KEYSET|SECRET|API_KEY|DSN`)
	from := regexp.MustCompile(`value-of-|^$`)
	each(t, func(t *testing.T, s types.ServiceConfig) {
		for name, value := range s.Environment {
			if secretive.MatchString(name) {
				require.NotNil(t, value, name)
				require.Regexp(t, from, *value, name)
			}
		}
	})
}

// The API replicas share their limits in Valkey, but also work without it: a rate limit must not prevent registrations.
func TestLimitsAreSharedAndNotNeeded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s types.ServiceConfig) {
		_, needs := s.DependsOn["valkey"]
		require.False(t, needs)
		_, shares := s.Environment["LIMIT_REDIS_URL"]
		require.Equal(t, s.Name == "api", shares)
	})
	valkey := setup(t).Services["valkey"]
	require.Equal(t, "/etc/valkey/valkey.conf", valkey.Command[1])
	require.Equal(t, valkey.Command[1], valkey.Volumes[0].Target)
	config, err := os.ReadFile(valkey.Volumes[0].Source)
	require.NoError(t, err)
	for _, option := range []string{`save ""`, "appendonly no", "maxmemory 64mb", "maxmemory-policy allkeys-lru"} {
		require.Contains(t, string(config), "\n"+option+"\n")
	}
}

// HAProxy replaces a client's own X-Forwarded-For; option forwardfor would keep it.
func TestHAProxySetsTheClientAddress(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile(filepath.Join(root, "deploy", "haproxy", "api.cfg"))
	require.NoError(t, err)
	public, rest, _ := strings.Cut(string(config), "\nbackend api\n")
	require.NotEmpty(t, rest)
	require.Regexp(t, `(?m)^    http-request set-header X-Forwarded-For %\[src\]$`, public)
	require.NotRegexp(t, `(?m)^\s*option forwardfor`, string(config))
	require.Equal(t, "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16", *setup(t).Services["api"].Environment["API_TRUSTED_PROXIES"])
}

// A compromised process must not have secrets that it does not use.
func TestServicesGetOnlyTheSecretsTheyUse(t *testing.T) {
	t.Parallel()
	const worker = "DATABASE_PASSWORD PRF_KEYSET PAYLOAD_KEYSET SMS_WEBHOOK_SECRET"
	uses := map[string]string{
		"api": "DATABASE_PASSWORD PRF_KEYSET PAYLOAD_KEYSET", "migrate": "DATABASE_PASSWORD PRF_KEYSET PAYLOAD_KEYSET",
		"worker-registration": worker, "worker-high": worker, "worker-low": worker, "catcher": "SMS_WEBHOOK_SECRET", "codec": "CODEC_TOKEN PAYLOAD_KEYSET", "haproxy": "CODEC_TOKEN",
		"db1": "DATABASE_PASSWORD DATABASE_ROOT_PASSWORD", "db2": "DATABASE_PASSWORD DATABASE_ROOT_PASSWORD",
		"db3": "DATABASE_PASSWORD DATABASE_ROOT_PASSWORD", "temporal": "TEMPORAL_DB_PASSWORD", "temporal-db": "TEMPORAL_DB_PASSWORD",
		"temporal-schema": "TEMPORAL_DB_PASSWORD", "grafana": "GRAFANA_PASSWORD",
	}
	each(t, func(t *testing.T, s types.ServiceConfig) {
		all, err := json.Marshal(s)
		require.NoError(t, err)
		var given []string
		for _, name := range secrets {
			if strings.Contains(string(all), marker(name)) {
				given = append(given, name)
			}
		}
		require.ElementsMatch(t, strings.Fields(uses[s.Name]), given)
	})
}

func TestWhatIsMountedExistsAndIsReadOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s types.ServiceConfig) {
		for _, volume := range s.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			require.True(t, volume.ReadOnly, volume.Source)
			_, err := os.Stat(volume.Source)
			require.NoError(t, err)
		}
		if s.Build != nil {
			_, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile))
			require.NoError(t, err)
		}
	})
}

// A service starts after the jobs that it needs, and each service with data has a volume.
func TestOrderAndData(t *testing.T) {
	t.Parallel()
	project := setup(t)
	for _, service := range project.Services {
		for name, on := range service.DependsOn {
			needed, known := project.Services[name]
			require.True(t, known, "%s needs %s", service.Name, name)
			want := types.ServiceConditionHealthy
			if isJob(needed) {
				want = types.ServiceConditionCompletedSuccessfully
			}
			require.Equal(t, want, on.Condition, "%s needs %s", service.Name, name)
		}
	}
	for name, path := range map[string]string{
		"db1": "/var/lib/mysql", "db2": "/var/lib/mysql", "db3": "/var/lib/mysql", "temporal-db": "/var/lib/postgresql/data",
	} {
		found := false
		for _, volume := range project.Services[name].Volumes {
			found = found || volume.Type == types.VolumeTypeVolume && volume.Source == name && volume.Target == path
		}
		require.True(t, found, name)
		require.NotNil(t, project.Services[name].StopGracePeriod, name)
	}
}

func TestTheExampleNamesEverySecret(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile(filepath.Join(root, "deploy", "env.example"))
	require.NoError(t, err)
	for _, name := range secrets {
		require.Regexp(t, `(?m)^`+name+`=$`, string(example)) // and has none
	}
}
