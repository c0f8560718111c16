package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Rate is a rate limit: "60/1m" allows 60 calls in any minute, and "0" means no limit.
type Rate struct {
	Most   int
	Period time.Duration
}

// maxRate is the highest limit. A process without a shared store keeps this many acts of one client in memory.
const maxRate = 10_000

var errNoRate = errors.New("not a rate")

// UnmarshalText reads a Rate.
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*r = Rate{}
		return nil
	}
	number, period, _ := strings.Cut(string(text), "/")
	most, err := strconv.Atoi(number)
	if err != nil || most < 1 || most > maxRate {
		return errNoRate
	}
	within, err := time.ParseDuration(period)
	if err != nil || within < time.Second {
		return errNoRate
	}
	*r = Rate{Most: most, Period: within}
	return nil
}
