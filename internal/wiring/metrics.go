package wiring

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/metrics"
	"registrar/worker"
)

// ServeMetrics serves the metrics until stop is called; if there is no address, it does nothing. It calls failed if the listener
// fails.
func ServeMetrics(
	ctx context.Context, c config.Metrics, counts *metrics.Metrics, failed func(error), logger *slog.Logger,
) (stop func(), err error) {
	return serveAside(ctx, aside{"METRICS_ADDR", c.MetricsAddr, "serving metrics", counts.Handler()}, failed, logger)
}

// measure returns the metrics of a process, with its client of Temporal, its certificates and its keysets.
func (o *common) measure(c config.Config) *metrics.Metrics {
	m := metrics.New(Revision())
	m.Database(o.users.Pool())
	o.temporal.MetricsHandler = m.Temporal().Handler()
	m.Certificates(certificateExpiries(c.Database, o.temporal))
	m.Keysets(keysetTimes(os.Getenv))
	return m
}

// WatchBacklogs measures the queues that the process serves, until ctx ends.
func WatchBacklogs(ctx context.Context, c config.Worker, temporal Temporal, counts *metrics.Metrics) {
	backlogs := counts.Backlogs()
	for _, queue := range c.Queues {
		for _, tasks := range worker.TaskTypes(queue) {
			go engine.WatchBacklog(ctx, temporal.Client, temporal.Namespace, engine.TaskQueue{Name: queue, Tasks: tasks}, backlogs)
		}
	}
}

// keysetTimes returns when the files of the keysets were written. A keyset that is in no file is missing.
func keysetTimes(getenv func(string) string) map[string]time.Time {
	written := map[string]time.Time{}
	for keyset, variable := range map[string]string{"prf": "PRF_KEYSET_FILE", "payload": "PAYLOAD_KEYSET_FILE"} {
		if info, err := os.Stat(getenv(variable)); err == nil {
			written[keyset] = info.ModTime()
		}
	}
	return written
}

// certificateExpiries returns when the certificates expire that the process has loaded: its own one for Temporal, and those of the
// authorities that it trusts.
func certificateExpiries(c config.Database, temporal client.Options) map[string]time.Time {
	expiries := map[string]time.Time{}
	add := func(name string, certificates ...*x509.Certificate) {
		for _, certificate := range certificates {
			if first, ok := expiries[name]; !ok || certificate.NotAfter.Before(first) {
				expiries[name] = certificate.NotAfter
			}
		}
	}
	add("database_ca", certificatesIn(c.TLSCA, nil)...)
	if tls := temporal.ConnectionOptions.TLS; tls != nil {
		for _, own := range tls.Certificates {
			add("temporal_client", own.Leaf)
		}
		if profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{}); err == nil && profile.TLS != nil {
			add("temporal_ca", certificatesIn(profile.TLS.ServerCACertPath, profile.TLS.ServerCACertData)...)
		}
	}
	return expiries
}

// certificatesIn returns the certificates in a file, or in text if there is no file. What cannot be read is missing: it is an error where
// it is used.
func certificatesIn(path string, text []byte) []*x509.Certificate {
	if path != "" {
		text, _ = os.ReadFile(path)
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, certificate)
		}
	}
	return all
}
