package limit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxActs limits the memory of a process to about 30 MB, regardless of the number of clients (BenchmarkMemory). Above it,
// the least recently used keys are dropped.
const maxActs = 100_000

// memory is the store of one process.
type memory struct {
	now func() time.Time

	mu   sync.Mutex
	acts int // in all logs
	most int
	logs *simplelru.LRU[string, []loggedAct] // each log is ordered by time and not empty
}

// loggedAct is an act and when it was counted.
type loggedAct struct {
	act string
	at  time.Time
}

func newMemory(most int, now func() time.Time) *memory {
	m := &memory{now: now, most: most}
	logs, err := simplelru.NewLRU(most, func(_ string, forgotten []loggedAct) { m.acts -= len(forgotten) })
	if err != nil {
		panic(err) // cannot happen: most is positive
	}
	m.logs = logs
	return m
}

func (m *memory) take(_ context.Context, r Rate, act string, keys []string) (wait time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for _, key := range keys {
		wait = max(wait, waitFor(m.recent(key, now.Add(-r.Period)), r, act, now))
	}
	if wait > 0 {
		return wait, nil
	}
	for _, key := range keys {
		log, _ := m.logs.Get(key)
		if !slices.ContainsFunc(log, loggedAct{act: act}.same) {
			m.put(key, append(log, loggedAct{act, now}))
		}
	}
	for m.acts > m.most {
		m.logs.RemoveOldest()
	}
	return 0, nil
}

func (m *memory) release(_ context.Context, act string, keys []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		if log, ok := m.logs.Peek(key); ok {
			m.put(key, slices.DeleteFunc(log, loggedAct{act: act}.same))
		}
	}
	return nil
}

// recent drops a key's acts up to since and returns the later ones.
func (m *memory) recent(key string, since time.Time) []loggedAct {
	log, ok := m.logs.Get(key)
	if !ok {
		return nil
	}
	old := slices.IndexFunc(log, func(n loggedAct) bool { return n.at.After(since) })
	switch old {
	case 0:
		return log
	case -1:
		old = len(log)
	}
	return m.put(key, slices.Clone(log[old:])) // without the clone, the old acts would stay in memory
}

// put replaces a key's log.
func (m *memory) put(key string, log []loggedAct) []loggedAct {
	m.logs.Remove(key) // its callback decreases acts
	if len(log) > 0 {
		m.logs.Add(key, log)
		m.acts += len(log)
	}
	return log
}

func (n loggedAct) same(other loggedAct) bool { return n.act == other.act }

// waitFor returns how long until a log of the last period has room for an act. The log may have more acts than the rate
// allows: keys can be counted with different rates.
func waitFor(log []loggedAct, r Rate, act string, now time.Time) time.Duration {
	if len(log) < r.Most || slices.ContainsFunc(log, loggedAct{act: act}.same) {
		return 0
	}
	return log[len(log)-r.Most].at.Add(r.Period).Sub(now)
}
