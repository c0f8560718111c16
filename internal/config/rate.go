package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Rates are the rates of a limit, which all apply: "60/1m,600/24h" allows 60 calls in any minute and 600 in any day. "0" means
// no limit.
type Rates []Rate

// Rate allows Max calls in any period of length Period.
type Rate struct {
	Max    int
	Period time.Duration
}

// maxRate is the highest limit. A process without a shared store keeps this many actions of one client in memory.
const maxRate = 10_000

var errNoRate = errors.New("not a rate")

// UnmarshalText reads Rates.
func (r *Rates) UnmarshalText(text []byte) error {
	*r = nil
	if string(text) == "0" {
		return nil
	}
	for one := range strings.SplitSeq(string(text), ",") {
		rate, err := parseRate(one)
		if err != nil {
			return err
		}
		*r = append(*r, rate)
	}
	return nil
}

func parseRate(text string) (Rate, error) {
	number, periodText, _ := strings.Cut(text, "/")
	maxCalls, err := strconv.Atoi(number)
	if err != nil || maxCalls < 1 || maxCalls > maxRate {
		return Rate{}, errNoRate
	}
	period, err := time.ParseDuration(periodText)
	if err != nil || period < time.Second {
		return Rate{}, errNoRate
	}
	return Rate{Max: maxCalls, Period: period}, nil
}

// Unlimited returns the settings that switch every limit off, in the format of os.Environ.
func Unlimited() []string {
	settings := []string{"LIMIT_SMS_CONVERSION=0"}
	for field := range reflect.TypeFor[Limit]().Fields() {
		if field.Type == reflect.TypeFor[Rates]() {
			settings = append(settings, field.Tag.Get("env")+"=0")
		}
	}
	return settings
}
