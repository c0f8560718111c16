//go:build ops

package monitoring_test

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"

	"registrar/test/parts"
)

// site is the service on one machine, watched by Prometheus.
type site struct {
	parts.Surroundings
	program    parts.Registrar
	settings   parts.Settings
	front      *parts.Front
	monolith   *parts.Monolith // the gate and the receiver of events
	prometheus *parts.Prometheus
	query      prometheus.API
	home       string // of the operator
	counts     counts
	began      time.Time // of the run
	ended      time.Time
}

// workers are the queues of each kind of worker in docker-compose.yml.
var workers = map[string]string{
	"worker-registration": "registration", "worker-high": "notifications-high", "worker-low": "notifications-low", "worker-events": "events",
}

func startSite(t parts.Test) *site {
	t.Helper()
	s := &site{program: parts.BuildRegistrar(t), monolith: parts.StartMonolith(t), home: parts.Dir(t, "operator")}
	database := parts.StartMariaDB(t)
	if err := database.Exec(t.Context(), "CREATE DATABASE registrar"); err != nil {
		t.Fatalf("%v", err)
	}
	codec := parts.Loopback(parts.FreePort())
	s.Surroundings = parts.Surroundings{
		DSN: database.DSN("registrar"), Temporal: parts.StartTemporal(t, "http://"+codec),
		Mailgun: parts.StartMailgun(t), Twilio: parts.StartTwilio(t), Codec: codec,
	}
	s.settings = s.program.Settings(t, s.Surroundings).With(
		"API_TRUSTED_PROXIES", "127.0.0.1/32", "GATE_FAIL", "open", "LIMIT_REFUSALS", "2/1h", "BUDGET_OTP", "6s")
	for name, value := range s.monolith.Settings() {
		s.settings = s.settings.With(name, value)
	}
	s.useKeyFiles(t)
	s.program.MigrateUp(t, s.settings)
	s.startProcesses(t)
	return s
}

// useKeyFiles moves the keysets into files, whose age is a metric.
func (s *site) useKeyFiles(t parts.Test) {
	t.Helper()
	for _, name := range []string{"PRF_KEYSET", "PAYLOAD_KEYSET"} {
		file := filepath.Join(s.home, strings.ToLower(name))
		if err := os.WriteFile(file, []byte(s.settings[name]), 0o600); err != nil {
			t.Fatalf("%v", err)
		}
		s.settings = s.settings.With(name+"_FILE", file)
		delete(s.settings, name)
	}
}

func (s *site) startProcesses(t parts.Test) {
	t.Helper()
	address := parts.Addresses(1)[0]
	s.program.StartCodec(t, s.settings)
	api := s.program.StartAPI(t, "api", s.settings.With("API_ADDR", address))
	s.front = parts.StartFront(t, address)
	targets := map[string][]string{"api": {api.Metrics}, "haproxy": {s.front.Metrics()}}
	for name, queue := range workers {
		targets[name] = []string{s.program.StartWorker(t, name, s.settings, "--queues="+queue).Metrics}
	}
	s.prometheus = parts.StartPrometheus(t, targets)
	s.query = newQueryAPI(t, s.prometheus.URL())
}

// operator returns the environment of an operator's shell.
func (s *site) operator() []string {
	tools, err := filepath.Abs(filepath.Join("..", "..", ".bin"))
	if err != nil {
		panic(err)
	}
	return append(s.settings.Environ(),
		"PATH="+strings.Join([]string{filepath.Dir(string(s.program)), tools, os.Getenv("PATH")}, ":"),
		"HOME="+s.home, "PROMETHEUS_URL="+s.prometheus.URL(), "TEMPORAL_CODEC_ENDPOINT=http://"+s.Codec)
}
