package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Rate is how often something may happen: "60/1m" is 60 times in any minute, "0" as often as anybody likes.
type Rate struct {
	Most   int
	Period time.Duration
}

// mostRate is what a process that counts for itself can keep of one client.
const mostRate = 10_000

var errNoRate = errors.New("not a rate")

// UnmarshalText reads a Rate.
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*r = Rate{}
		return nil
	}
	number, period, _ := strings.Cut(string(text), "/")
	most, err := strconv.Atoi(number)
	if err != nil || most < 1 || most > mostRate {
		return errNoRate
	}
	within, err := time.ParseDuration(period)
	if err != nil || within < time.Second {
		return errNoRate
	}
	*r = Rate{Most: most, Period: within}
	return nil
}
