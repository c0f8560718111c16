package limit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxActions limits the actions in each of a memory's two sets of logs. It limits the memory of a process to about 60 MB,
// regardless of the number of clients (BenchmarkMemory).
const maxActions = 100_000

// memory is the store of one process. Slots that any request fills have their own logs. Otherwise, a client could send cheap
// requests until the counts of mailboxes, SMS, solutions and refusals are dropped.
type memory struct {
	now func() time.Time

	mu               sync.Mutex
	requests, others *logs
}

// loggedAction is an action and when it was counted.
type loggedAction struct {
	action string
	at     time.Time
}

func newMemory(limit int, now func() time.Time) *memory {
	return &memory{now: now, requests: newLogs(limit), others: newLogs(limit)}
}

func (m *memory) take(_ context.Context, action string, slots []slot) ([]usage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	used := make([]usage, len(slots))
	for i, s := range slots {
		log := m.logsOf(s).recent(s.key, s.rate.Period, now)
		used[i] = usage{actions: len(log), wait: waitFor(log, s.rate, action, now)}
	}
	if anyFull(used) {
		return used, nil
	}
	for i, s := range slots {
		logs := m.logsOf(s)
		log := logs.get(s.key)
		if !s.readOnly && !slices.ContainsFunc(log, loggedAction{action: action}.same) {
			used[i].actions = len(logs.put(s.key, s.rate.Period, append(log, loggedAction{action, now})))
		}
	}
	m.requests.shrink(now)
	m.others.shrink(now)
	return used, nil
}

func (m *memory) release(_ context.Context, action string, slots []slot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range slots {
		if logs := m.logsOf(s); !s.readOnly {
			log := slices.DeleteFunc(logs.get(s.key), loggedAction{action: action}.same)
			logs.put(s.key, s.rate.Period, log)
		}
	}
	return nil
}

func (m *memory) forget(_ context.Context, slots []slot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range slots {
		m.logsOf(s).put(s.key, s.rate.Period, nil)
	}
	return nil
}

func (m *memory) logsOf(s slot) *logs {
	if s.anyRequest {
		return m.requests
	}
	return m.others
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
