//go:build docker

package compose

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rate is in people per second. All servers and this test share two cores.
const rate = 3

// A fault begins after peopleBefore acknowledgements. It is repaired after peopleDuring more people have started, which takes
// 12 s: Temporal needs 10 s to detect a lost server. The load ends after peopleAfter more people.
const (
	peopleBefore = 2 * rate
	peopleDuring = 12 * rate
	peopleAfter  = 3 * rate
)

func TestNothingAcknowledgedIsLost(t *testing.T) {
	s := newStack(t, "registrar-test")
	began := time.Now()
	s.document("up")
	t.Logf("all healthy after %.0f s", time.Since(began).Seconds())

	requireConfined(t, s)

	p := newPeople(s)
	for _, c := range []fault{
		{"nothing", func() {}, func() {}, s.container("api")},
		s.killed("api"), s.killed("worker-registration"), s.killed("worker-high"), s.killed("db1"), s.killed("temporal"), s.killed("valkey"),
		s.disconnected("api"), s.disconnected("db1"), s.disconnected("temporal"),
		{"database writer frozen", func() { s.do("pause", s.container("db1")) }, func() { s.do("unpause", s.container("db1")) }, s.container("db1")},
		{"database writer crashed, restarted by itself", func() { s.crash(s.container("db1")) }, func() {}, s.container("db1")},
		{"Temporal server crashed, restarted by itself", func() { s.crash(s.container("temporal")) }, func() {}, s.container("temporal")},
		{"Temporal's database crashed, restarted by itself", func() { s.crash(s.container("temporal-db")) }, func() {}, s.container("temporal-db")},
		{"HAProxy crashed, restarted by itself", func() { s.crash(s.container("haproxy")) }, func() {}, s.container("haproxy")},
	} {
		ok := s.run(c.name, func(t *testing.T) {
			stop := p.start(t.Context(), rate)
			defer stop()
			awaitMore(t, peopleBefore, p.acknowledgements)
			began := time.Now()
			c.begin()
			awaitMore(t, peopleDuring, p.started)
			c.repair()
			awaitMore(t, peopleAfter, p.started)
			stop()
			t.Logf("| %-50s | %v | %v", c.name, p.figures(began), p.takeErrors())
			for i, f := range p.failed {
				s.failures = append(s.failures, c.name+": "+f.Error())
				if f.registration != "" && i < 5 { // each takes up to 40 s if Temporal does not answer
					t.Log(s.history(f.registration))
				}
			}
			require.Empty(t, p.failed)
			s.awaitHealthy(c.healthy)
		})
		if !ok {
			return
		}
	}
	audit(t, s, p)
	requireWelcomeEmails(t, s, p)
	requireUserInterfaces(t, s)
}

// fault is a failure of a part of the system.
type fault struct {
	name    string
	begin   func()
	repair  func()
	healthy string // the container that must be healthy at the end
}

// killed is a first replica that stays down until it is started by hand.
func (s *stack) killed(service string) fault {
	c := s.container(service)
	return fault{service + " killed", func() { s.do("kill", c) }, func() { s.do("start", c) }, c}
}

func (s *stack) disconnected(service string) fault {
	c := s.container(service)
	var networks []string
	return fault{service + " cut off the network", func() { networks = s.disconnect(c) }, func() { s.connect(c, service, networks) }, c}
}

// audit compares the answers with each database node: every acknowledged registration is one active user.
func audit(t *testing.T, s *stack, p *people) {
	require.Len(t, p.active, len(p.acknowledged))
	for _, node := range nodes {
		out, err := s.sql(node, "SELECT registration_id, status FROM users")
		require.NoError(t, err, out)
		status, lines := map[string]string{}, strings.Fields(out)
		for i := 0; i+1 < len(lines); i += 2 {
			status[lines[i]] = lines[i+1]
		}
		lost := 0
		for id := range p.acknowledged {
			if status[id] != "active" {
				lost++
				t.Errorf("%s: %s was acknowledged and is %q", node, id, status[id])
			}
		}
		// The table's unique keys forbid a second user; more users than acknowledged would be unknown people.
		require.Len(t, status, len(p.acknowledged), node)
		t.Logf("%s: %d acknowledged, %d lost", node, len(p.acknowledged), lost)
	}
}

// requireWelcomeEmails waits until Mailpit has an email for each user. Some users may have two, because a worker was killed.
func requireWelcomeEmails(t *testing.T, s *stack, p *people) {
	await(t, lostTimeout, func() error {
		var answer struct{ Total int }
		_, err := p.call(t.Context(), http.MethodGet, "http://127.0.0.1:"+s.ports["MAILPIT_PORT"]+"/api/v1/messages?limit=1", nil, nil, &answer)
		if err == nil && answer.Total < len(p.active) {
			err = fmt.Errorf("%d emails for %d people", answer.Total, len(p.active))
		}
		return err
	})
}

// requireUserInterfaces checks the web pages and the codec endpoint.
func requireUserInterfaces(t *testing.T, s *stack) {
	get := func(address string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	for _, port := range []string{"UI_PORT", "MAILPIT_PORT", "CATCHER_PORT", "API_STATS_PORT", "DATABASE_STATS_PORT"} {
		require.Equal(t, http.StatusOK, get("http://127.0.0.1:"+s.ports[port]+"/"), port)
	}

	// Only the Web UI's pages may use the codec endpoint without a token.
	codec := func(origin string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:"+s.ports["CODEC_PORT"]+"/decode", strings.NewReader(`{"payloads":[]}`))
		require.NoError(t, err)
		r.Header.Set("Origin", origin)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	require.Equal(t, http.StatusOK, codec("http://localhost:"+s.ports["UI_PORT"]))
	require.Equal(t, http.StatusForbidden, codec("http://example.com"))

	requirePanelData(t, s)
}

// requirePanelData runs the queries of the dashboard's rows about the servers around our processes, and requires results. The tests in
// test/monitoring run the other ones.
func requirePanelData(t *testing.T, s *stack) {
	text, err := os.ReadFile(filepath.Join(root, "deploy/grafana/dashboards/registrar.json"))
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Type, Title string
			Targets     []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	row, rows := "", map[string]int{"HAProxy": 0, "Galera": 0, "Temporal": 0}
	for _, panel := range dashboard.Panels {
		if panel.Type == "row" {
			row = panel.Title
		}
		if _, around := rows[row]; !around {
			continue
		}
		for _, target := range panel.Targets {
			out := s.do("exec", s.container("prometheus"), "wget", "-q", "-O", "-",
				"http://127.0.0.1:9090/api/v1/query?query="+url.QueryEscape(strings.NewReplacer("$__rate_interval", "1m", "$job", ".*").Replace(target.Expr)))
			var answer struct {
				Data struct{ Result []json.RawMessage }
			}
			require.NoError(t, json.Unmarshal([]byte(out), &answer), out)
			require.NotEmpty(t, answer.Data.Result, "%s: %s", panel.Title, target.Expr)
			rows[row]++
		}
	}
	require.NotContains(t, slices.Collect(maps.Values(rows)), 0)
}
