package limit

import (
	"math"
	"slices"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// expireEvery is how often full logs are searched for expired ones. A search of maxActions logs takes some milliseconds.
const expireEvery = time.Minute

// logs are the actions of keys. Above the limit, expired logs are dropped, and then the least recently used ones.
type logs struct {
	limit, actions int // the most actions in all logs, and the current number
	keys           *simplelru.LRU[string, log]
	searched       time.Time // for expired logs
}

// log is the actions of one key.
type log struct {
	actions []loggedAction // ordered by time and not empty
	period  time.Duration
}

func (l log) expired(now time.Time) bool {
	return !l.actions[len(l.actions)-1].at.Add(l.period).After(now)
}

func newLogs(limit int) *logs {
	l := &logs{limit: limit}
	// Without a limit of keys: shrink limits the actions, and no log is empty.
	keys, err := simplelru.NewLRU(math.MaxInt, func(_ string, dropped log) { l.actions -= len(dropped.actions) })
	if err != nil {
		panic(err) // cannot happen: the size is positive
	}
	l.keys = keys
	return l
}

func (l *logs) get(key string) []loggedAction {
	found, _ := l.keys.Get(key)
	return found.actions
}

// put replaces a key's log.
func (l *logs) put(key string, period time.Duration, actions []loggedAction) []loggedAction {
	l.keys.Remove(key) // its callback decreases actions
	if len(actions) > 0 {
		l.keys.Add(key, log{actions, period})
		l.actions += len(actions)
	}
	return actions
}

// recent drops a key's actions before the last period and returns the others.
func (l *logs) recent(key string, period time.Duration, now time.Time) []loggedAction {
	actions := l.get(key)
	first := slices.IndexFunc(actions, func(n loggedAction) bool { return n.at.After(now.Add(-period)) })
	switch first {
	case 0:
		return actions
	case -1:
		first = len(actions)
	}
	return l.put(key, period, slices.Clone(actions[first:])) // without the clone, the old actions would stay in memory
}

// shrink drops logs until the limit is kept.
func (l *logs) shrink(now time.Time) {
	if l.actions > l.limit && now.Sub(l.searched) >= expireEvery {
		l.searched = now
		for _, key := range l.keys.Keys() {
			if found, _ := l.keys.Peek(key); found.expired(now) {
				l.keys.Remove(key)
			}
		}
	}
	for l.actions > l.limit {
		l.keys.RemoveOldest()
	}
}
