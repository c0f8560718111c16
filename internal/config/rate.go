package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Rate is a rate limit: "60/1m" allows 60 calls in any minute, and "0" means no limit.
type Rate struct {
	Max    int
	Period time.Duration
}

// maxRate is the highest limit. A process without a shared store keeps this many actions of one client in memory.
const maxRate = 10_000

var errNoRate = errors.New("not a rate")

// UnmarshalText reads a Rate.
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*r = Rate{}
		return nil
	}
	number, periodText, _ := strings.Cut(string(text), "/")
	maxCalls, err := strconv.Atoi(number)
	if err != nil || maxCalls < 1 || maxCalls > maxRate {
		return errNoRate
	}
	period, err := time.ParseDuration(periodText)
	if err != nil || period < time.Second {
		return errNoRate
	}
	*r = Rate{Max: maxCalls, Period: period}
	return nil
}
