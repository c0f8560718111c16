package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar/internal/config"
	"registrar/test/cluster"
	testparts "registrar/test/parts"
)

// The numbers of replicas, from the most: replicas are only stopped. The service's own figures are those of the number in
// docker-compose.yml.
var replicaCounts = []int{4, composeReplicas, 1}

const composeReplicas = 2

// clusterPart measures the highly available system.
func clusterPart(ctx context.Context, r *Run) error {
	valkey := testparts.StartRedis(r.Scope)
	c := cluster.StartReplicas(r.Scope, replicaCounts[0], append(countingLimits(), "LIMIT_REDIS_URL", valkey.URL(), "API_DRAIN_DELAY", "2s")...)
	m := &clusterMeter{Run: r, servers: append(c.Servers(), &valkey.Server), users: newUsers(c)}
	defer m.users.close()
	r.Logf("the system has started")
	if _, err := m.users.registering(ctx, 4, Pick(r, 5*time.Second, time.Second)); err != nil { // fills caches and connection pools
		return err
	}
	for _, n := range replicaCounts {
		if err := c.Reduce(n); err != nil {
			return err
		}
		m.servers = append(c.Servers(), &valkey.Server)
		r.Logf("%d API servers", n)
		if n == composeReplicas {
			if err := m.compose(ctx); err != nil {
				return err
			}
			continue
		}
		if _, err := m.saturate(ctx, n, Pick(r, 15*time.Second, 2*time.Second)); err != nil {
			return err
		}
	}
	return nil
}

// countingLimits returns settings with which every limit is counted, but not reached.
func countingLimits() []string {
	var settings []string
	for _, setting := range config.Unlimited() {
		if name, found := strings.CutSuffix(setting, "=0"); found && name != "LIMIT_SMS_CONVERSION" {
			settings = append(settings, name, "10000/1s")
		}
	}
	return settings
}

// clusterMeter measures a cluster.
type clusterMeter struct {
	*Run
	servers []*testparts.Server // that run
	users   *users
}

// compose measures the system of docker-compose.yml.
func (m *clusterMeter) compose(ctx context.Context) error {
	if err := m.idle(ctx); err != nil {
		return err
	}
	if err := m.alone(ctx); err != nil {
		return err
	}
	cost, err := m.saturate(ctx, composeReplicas, Pick(m.Run, 25*time.Second, 3*time.Second))
	if err != nil {
		return err
	}
	m.addCost(cost)
	return m.waiting(ctx)
}

// idle measures the system without users.
func (m *clusterMeter) idle(ctx context.Context) error {
	before, err := readUsage(m.servers)
	if err != nil {
		return err
	}
	period := Pick(m.Run, 10*time.Second, time.Second)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(period):
	}
	after, err := readUsage(m.servers)
	if err != nil {
		return err
	}
	used := after.since(before)
	m.Add("cluster/cpu/idle", "processor time of all processes without users", "ms/s", used.total()/period.Seconds())
	for _, c := range used {
		m.Add("cluster/idle/"+c.name, "of it, "+c.name, "ms/s", c.value/period.Seconds())
	}
	return nil
}

// alone measures the latencies of one user at a time.
func (m *clusterMeter) alone(ctx context.Context) error {
	l, err := m.users.registering(ctx, 1, Pick(m.Run, 8*time.Second, time.Second))
	if err != nil {
		return err
	}
	m.addLatencies("1", l)
	return nil
}

// saturate measures the system with more callers than it can serve at once, and returns the CPU milliseconds a registration of
// each process.
func (m *clusterMeter) saturate(ctx context.Context, n int, d time.Duration) (clusterCost, error) {
	const callers = 10
	before, err := readUsage(m.servers)
	if err != nil {
		return nil, err
	}
	l, err := m.users.registering(ctx, callers, d)
	if err != nil {
		return nil, err
	}
	after, err := readUsage(m.servers)
	if err != nil {
		return nil, err
	}
	replicas := fmt.Sprintf("%d replicas", n)
	m.Add(fmt.Sprintf("cluster/rate/%d", n), "registrations a second, 10 callers, "+replicas, "/s", l.rate())
	if n == composeReplicas {
		m.addLatencies(strconv.Itoa(callers), l)
	}
	return after.since(before).divided(len(l.answers)), nil
}

func (m *clusterMeter) addLatencies(callers string, l registered) {
	for name, times := range map[string][]time.Duration{"answer": l.answers, "code": l.codes} {
		what := map[string]string{"answer": "POST → 201", "code": "201 → code at the provider"}[name]
		t := latenciesOf(times)
		m.Add("cluster/"+name+"/"+callers+"/p50", what+", "+callers+" callers, p50", "ms", t.p50)
		m.Add("cluster/"+name+"/"+callers+"/p95", what+", "+callers+" callers, p95", "ms", t.p95)
	}
}

// addCost reports the processor time of a registration by process.
func (m *clusterMeter) addCost(cost clusterCost) {
	m.Add("cluster/cpu/total", "processor time of a registration, all processes", "ms", cost.total())
	for _, c := range cost {
		m.Add("cluster/cpu/"+c.name, "processor time of a registration, "+c.name, "ms", c.value)
	}
}

// waiting measures the memory of each process while users wait for their code.
func (m *clusterMeter) waiting(ctx context.Context) error {
	n, err := m.users.waiting(ctx, Pick(m.Run, 50*time.Second, 2*time.Second))
	if err != nil {
		return err
	}
	use, err := readUsage(m.servers)
	if err != nil {
		return err
	}
	m.Add("cluster/waiting", "users who wait for their code", "", float64(n))
	memory := use.memory()
	ours := slices.DeleteFunc(slices.Clone(memory), func(c processFigure) bool { return !c.ours })
	largest := slices.MaxFunc(ours, func(a, b processFigure) int { return int(a.value - b.value) })
	m.Add("cluster/rss/waiting/max", "memory of the largest of our processes, users waiting", "MB", largest.value)
	for _, c := range memory {
		m.Add("cluster/rss/waiting/"+c.name, "memory of "+c.name+", users waiting", "MB", c.value)
	}
	return nil
}
