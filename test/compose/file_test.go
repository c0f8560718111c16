// Package compose tests docker-compose.yml and the files that it mounts. Without Docker, it checks the file. With Docker
// (build tag docker), it checks that the system works and survives the loss of parts. docs/compose.md has the results.
package compose

import (
	"os"
	"os/exec"
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

func setup(t *testing.T) *types.Project {
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")})
	require.NoError(t, err)
	project, err := options.LoadProject(t.Context())
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
		"haproxy": 1, "api": 2, "worker-registration": 2, "worker-high": 2, "worker-low": 1, "worker-events": 1, "codec": 1, "migrate": 1,
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

// created returns the files that deploy/new-secrets.sh creates, with their content.
func created(t *testing.T) map[string]string {
	dir := t.TempDir()
	keys := filepath.Join(dir, "registrar")
	require.NoError(t, os.WriteFile(keys, []byte("#!/bin/sh\nprintf 'PRF_KEYSET=%s\\nPAYLOAD_KEYSET=%s\\n' $$ $$\n"), 0o700)) //nolint:gosec // a program
	folder := filepath.Join(dir, "secrets")
	files := map[string]string{}
	for range 2 { // the second time it keeps everything
		c := exec.CommandContext(t.Context(), filepath.Join(root, "deploy/new-secrets.sh"), folder)
		c.Env = append(os.Environ(), "REGISTRAR="+keys)
		out, err := c.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Empty(t, string(out), "no secret is printed")
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, entry := range entries {
			content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
			require.NoError(t, err)
			if before, known := files[entry.Name()]; known {
				require.Equal(t, before, string(content))
			}
			files[entry.Name()] = string(content)
		}
	}
	info, err := os.Stat(folder)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	return files
}

func TestEverySecretIsAFile(t *testing.T) {
	t.Parallel()
	project, files := setup(t), created(t)
	require.Len(t, files, len(project.Secrets))
	used := map[string]bool{}
	for _, service := range project.Services {
		for _, secret := range service.Secrets {
			used[secret.Source] = true
		}
	}
	for name, secret := range project.Secrets {
		require.Contains(t, files, name)
		require.True(t, used[name], name)
		require.Equal(t, filepath.Join("secrets", name), strings.TrimPrefix(secret.File, project.WorkingDir+"/"))
	}
	// A provider's secret is empty, which means that it is not set. So is the list of further tokens. All others differ.
	values := map[string]string{}
	for name, content := range files {
		if regexp.MustCompile("^((smtp|mailgun|twilio|challenge|otlp)_|admin_tokens$)").MatchString(name) {
			require.Empty(t, content, name)
			continue
		}
		if name != "payload_keyset" && name != "prf_keyset" { // of the program in this test
			require.GreaterOrEqual(t, len(content), 32, name)
			require.Empty(t, values[content], name)
			values[content] = name
		}
	}

	// A variable whose name looks like a secret is the path of a file. No address has a password.
	secretive := regexp.MustCompile(`PASSWORD|PWD|TOKEN|KEYSET|SECRET|API_KEY|SIGNING_KEY`)
	each(t, func(t *testing.T, s types.ServiceConfig) {
		for name, value := range s.Environment {
			if secretive.MatchString(name) && name != "EVENTS_PASSWORD_HASH" { // a switch
				require.Regexp(t, "_FILE$", name)
				require.NotNil(t, value, name)
				require.Regexp(t, "^/run/secrets/[a-z_]+$", *value, name)
			}
			if value != nil {
				require.NotRegexp(t, `:[^/@]+@`, *value, name)
			}
		}
	})
}

// A service has exactly the files that its variables and its command name.
func TestSecretsAreMounted(t *testing.T) {
	t.Parallel()
	inScript := map[string][]string{ // read by a script in deploy/
		"valkey": {"valkey_password"}, "temporal": {"temporal_db_password"}, "temporal-schema": {"temporal_db_password"},
		"db1": {"database_password", "database_migrate_password"}, "db2": {"database_password", "database_migrate_password"},
		"db3": {"database_password", "database_migrate_password"},
	}
	each(t, func(t *testing.T, s types.ServiceConfig) {
		named := inScript[s.Name]
		for _, value := range s.Environment {
			if value != nil && strings.HasPrefix(*value, "/run/secrets/") {
				named = append(named, filepath.Base(*value))
			}
		}
		for _, match := range regexp.MustCompile(`/run/secrets/([a-z_]+)`).FindAllStringSubmatch(strings.Join(s.Command, " "), -1) {
			named = append(named, match[1])
		}
		var mounted []string
		for _, secret := range s.Secrets {
			mounted = append(mounted, secret.Source)
		}
		require.ElementsMatch(t, named, mounted)
	})
}

// The API replicas share their limits in Valkey, but also work without it: a rate limit must not prevent registrations. The workers
// that erase users delete counts there.
func TestLimitsAreSharedAndNotNeeded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s types.ServiceConfig) {
		_, needs := s.DependsOn["valkey"]
		require.False(t, needs)
		_, shares := s.Environment["LIMIT_REDIS_URL"]
		require.Equal(t, s.Name == "api" || s.Name == "worker-registration", shares)
	})
	valkey := setup(t).Services["valkey"]
	require.Equal(t, "/etc/valkey/start.sh", valkey.Command[1])
	config, err := os.ReadFile(filepath.Join(valkey.Volumes[0].Source, "valkey.conf"))
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
	const (
		worker   = "database_password prf_keyset payload_keyset otlp_headers"
		notifier = worker + " smtp_password mailgun_api_key sms_webhook_secret twilio_auth_token"
		node     = "database_root_password database_password database_migrate_password"
	)
	uses := map[string]string{
		"api":     worker + " valkey_password admin_token admin_tokens challenge_secret gate_secret mailgun_webhook_signing_key twilio_webhook_auth_token",
		"migrate": "database_migrate_password", "worker-registration": worker + " valkey_password", "worker-high": notifier, "worker-low": notifier,
		"worker-events": worker + " events_secret",
		"codec":         "codec_token payload_keyset", "web-ui": "codec_token", "valkey": "valkey_password", "catcher": "sms_webhook_secret",
		"db1": node, "db2": node, "db3": node, "grafana": "grafana_password",
		"temporal": "temporal_db_password", "temporal-db": "temporal_db_password", "temporal-schema": "temporal_db_password",
	}
	each(t, func(t *testing.T, s types.ServiceConfig) {
		var given []string
		for _, secret := range s.Secrets {
			given = append(given, secret.Source)
		}
		require.ElementsMatch(t, strings.Fields(uses[s.Name]), given)
	})
}

// Two services can reach each other only if one calls the other, or both are in the network of a server that they call.
func TestNetworks(t *testing.T) {
	t.Parallel()
	project := setup(t)
	want := map[string]string{
		"published": "haproxy database mailpit catcher web-ui grafana", "internet": "api worker-high worker-low worker-events",
		"front": "haproxy api", "limits": "api worker-registration valkey", "galera": "database db1 db2 db3", "messages": "worker-high worker-low mailpit catcher",
		"traces":   "api worker-registration worker-high worker-low worker-events", // and a collector of the user
		"database": "database api worker-registration worker-high worker-low worker-events migrate", "temporal-db": "temporal temporal-schema temporal-db",
		"temporal": "temporal api worker-registration worker-high worker-low worker-events migrate temporal-namespace temporal-ui",
		"web-ui":   "web-ui temporal-ui codec", "dashboards": "prometheus grafana",
		"worker-metrics": "prometheus worker-registration worker-high worker-low worker-events",
		"api-metrics":    "prometheus api", "haproxy-metrics": "prometheus haproxy", "database-metrics": "prometheus database", "temporal-metrics": "prometheus temporal",
	}
	have := map[string][]string{}
	for _, service := range project.Services {
		require.NotContains(t, service.Networks, "default", service.Name)
		for name := range service.Networks {
			have[name] = append(have[name], service.Name)
		}
	}
	require.Len(t, have, len(want))
	for name, members := range want {
		require.ElementsMatch(t, strings.Fields(members), have[name], name)
		network := project.Networks[name]
		if name == "published" || name == "internet" {
			require.Equal(t, "false", network.DriverOpts["com.docker.network.bridge.enable_icc"], "%s: its members do not reach each other", name)
		} else {
			require.True(t, network.Internal, name)
		}
	}
}

func TestContainersAreConfined(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s types.ServiceConfig) {
		require.True(t, s.ReadOnly)
		require.Equal(t, []string{"ALL"}, s.CapDrop)
		require.Empty(t, s.CapAdd)
		require.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt)
		require.Positive(t, s.CPUS)
		require.LessOrEqual(t, s.CPUS, float32(2), "Docker refuses more than the machine has")
		require.Positive(t, s.MemLimit)
		require.Positive(t, s.PidsLimit)
		// These images would start as root.
		if regexp.MustCompile("^(mariadb|postgres|valkey/valkey|axllent/mailpit):").MatchString(s.Image) {
			require.NotEmpty(t, s.User)
		}
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

// deploy/env.example has the settings without secrets.
func TestTheExampleHasNoSecret(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile(filepath.Join(root, "deploy", "env.example"))
	require.NoError(t, err)
	for name := range setup(t).Secrets {
		require.NotRegexp(t, `(?m)^#?`+strings.ToUpper(name)+`=`, string(example))
	}
}
