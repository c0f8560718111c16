package parts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Prometheus is a server with the rules of deploy/prometheus and its scrape jobs. It scrapes and evaluates once a second.
type Prometheus struct {
	Server

	port int
}

var (
	scrapeJob = regexp.MustCompile(`(?m)^  - job_name: (\S+)\n    \w+_configs: .*$`)
	interval  = regexp.MustCompile(`(?m)^(  \w+_interval): .*$`)
)

// StartPrometheus starts a server that scrapes these addresses, by the name of a job in deploy/prometheus/prometheus.yml. Jobs without
// addresses scrape nothing. It returns when the server is ready.
func StartPrometheus(t Test, targets map[string][]string) *Prometheus {
	t.Helper()
	p := &Prometheus{port: FreePort()}
	dir := Dir(t, "prometheus")
	config, err := prometheusConfig(targets)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600)
	}
	if err != nil {
		t.Fatalf("configure Prometheus: %v", err)
	}
	p.command = Command{Name: "prometheus", Path: "prometheus", Dir: dir, Args: []string{
		"--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=" + Loopback(p.port),
		"--enable-feature=exemplar-storage", "--log.level=warn",
	}}
	p.check = p.ready
	p.begin(t)
	return p
}

// prometheusConfig returns the configuration with other addresses and intervals.
func prometheusConfig(targets map[string][]string) (string, error) {
	path, err := deployed("prometheus", "prometheus.yml")
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	found := make(map[string]bool)
	config := scrapeJob.ReplaceAllStringFunc(string(text), func(job string) string {
		name := scrapeJob.FindStringSubmatch(job)[1]
		found[name] = true
		addresses, _ := json.Marshal(append([]string{}, targets[name]...)) // cannot fail
		return fmt.Sprintf("  - job_name: %s\n    static_configs: [{targets: %s}]", name, addresses)
	})
	for name := range targets {
		if !found[name] {
			return "", fmt.Errorf("%s has no job %s", path, name)
		}
	}
	config = interval.ReplaceAllString(config, "$1: 1s")
	return strings.Replace(config, "rule_files: [", "rule_files: ["+filepath.Dir(path)+"/", 1), nil
}

func (p *Prometheus) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+"/-/ready", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %d", answer.StatusCode)
	}
	return nil
}

// URL returns the server's base URL.
func (p *Prometheus) URL() string { return "http://" + Loopback(p.port) }
