package main

// Goal is the value that a figure must reach.
type Goal struct {
	Bound bound   `json:"bound"`
	Value float64 `json:"value"`
}

type bound string

const (
	atLeast bound = "≥"
	atMost  bound = "≤"
)

func (g Goal) met(v float64) bool {
	if g.Bound == atLeast {
		return v >= g.Value
	}
	return v <= g.Value
}

func (g Goal) String() string { return string(g.Bound) + " " + number(g.Value) }

// goals are the goals by the keys of the figures, for two cores.
var goals = map[string]Goal{
	"dev/rate/hashing/10/of-hashing": {atLeast, 0.55},
	"dev/rate/hashing/50/of-hashing": {atLeast, 0.55},
	"dev/rate/plain/10/of-temporal":  {atLeast, 0.95},
	"dev/rate/plain/50/of-temporal":  {atLeast, 0.95},

	"dev/answer/hashing/1/p50": {atMost, 38},
	"dev/answer/plain/1/p50":   {atMost, 12},
	"dev/code/hashing/1/max":   {atMost, 1000},
	"dev/code/hashing/10/max":  {atMost, 1000},
	"dev/code/hashing/50/max":  {atMost, 1000},

	"dev/cpu/hashing/10/total": {atMost, 50},
	"dev/cpu/plain/10/total":   {atMost, 22},

	"dev/users/p95-ratio": {atMost, 1.1},

	"dev/rss/50-callers": {atMost, 400},
	"dev/rss/growth":     {atMost, 1.05},

	"cluster/cpu/total":       {atMost, 90},
	"cluster/rss/waiting/max": {atMost, 300},
}
