package limit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxActions limits the memory of a process to about 30 MB, regardless of the number of clients (BenchmarkMemory). Above it,
// the least recently used keys are dropped.
const maxActions = 100_000

// memory is the store of one process.
type memory struct {
	now func() time.Time

	mu      sync.Mutex
	actions int // in all logs
	limit   int
	logs    *simplelru.LRU[string, []loggedAction] // each log is ordered by time and not empty
}

// loggedAction is an action and when it was counted.
type loggedAction struct {
	action string
	at     time.Time
}

func newMemory(limit int, now func() time.Time) *memory {
	m := &memory{now: now, limit: limit}
	logs, err := simplelru.NewLRU(limit, func(_ string, evicted []loggedAction) { m.actions -= len(evicted) })
	if err != nil {
		panic(err) // cannot happen: limit is positive
	}
	m.logs = logs
	return m
}

func (m *memory) take(_ context.Context, action string, slots []slot) ([]usage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	used := make([]usage, len(slots))
	for i, s := range slots {
		log := m.recent(s.key, now.Add(-s.rate.Period))
		used[i] = usage{actions: len(log), wait: waitFor(log, s.rate, action, now)}
	}
	if anyFull(used) {
		return used, nil
	}
	for i, s := range slots {
		log, _ := m.logs.Get(s.key)
		if !s.readOnly && !slices.ContainsFunc(log, loggedAction{action: action}.same) {
			used[i].actions = len(m.put(s.key, append(log, loggedAction{action, now})))
		}
	}
	for m.actions > m.limit {
		m.logs.RemoveOldest()
	}
	return used, nil
}

func (m *memory) release(_ context.Context, action string, slots []slot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range slots {
		if log, ok := m.logs.Peek(s.key); ok && !s.readOnly {
			m.put(s.key, slices.DeleteFunc(log, loggedAction{action: action}.same))
		}
	}
	return nil
}

// recent drops a key's actions up to since and returns the later ones.
func (m *memory) recent(key string, since time.Time) []loggedAction {
	log, ok := m.logs.Get(key)
	if !ok {
		return nil
	}
	old := slices.IndexFunc(log, func(n loggedAction) bool { return n.at.After(since) })
	switch old {
	case 0:
		return log
	case -1:
		old = len(log)
	}
	return m.put(key, slices.Clone(log[old:])) // without the clone, the old actions would stay in memory
}

// put replaces a key's log.
func (m *memory) put(key string, log []loggedAction) []loggedAction {
	m.logs.Remove(key) // its callback decreases actions
	if len(log) > 0 {
		m.logs.Add(key, log)
		m.actions += len(log)
	}
	return log
}

func (n loggedAction) same(other loggedAction) bool { return n.action == other.action }

// waitFor returns how long until a log of the last period has room for an action. The log may have more actions than the rate
// allows: keys can be counted with different rates.
func waitFor(log []loggedAction, r Rate, action string, now time.Time) time.Duration {
	if len(log) < r.Max || slices.ContainsFunc(log, loggedAction{action: action}.same) {
		return 0
	}
	return log[len(log)-r.Max].at.Add(r.Period).Sub(now)
}
