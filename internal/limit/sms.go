package limit

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"math"
	"slices"
	"time"
)

// alarmShare is the share of a limit of SMS that is logged when it is used.
const alarmShare = 0.8

// SMS are the limits of SMS, which cost money.
type SMS struct {
	Total     []Rate
	Countries []Rate // of the SMS to one country
	Prefixes  []Rate // of the SMS to one prefix
	// Clients are of the SMS that one client asks for, and its networks. Above them, the client must solve a challenge. The
	// rate with the longest period also applies to solved requests; above it, they are refused.
	Clients []Rate
	// Conversion holds back a prefix whose codes nobody enters.
	Conversion Conversion
}

// conversionWindow is how long sent and entered codes are counted.
const conversionWindow = 24 * time.Hour

// Conversion is how many of the codes to a prefix in the last 24 hours must be entered.
type Conversion struct {
	MinSent    int // with fewer codes sent, the prefix is not held back
	MinPercent int // of the codes sent that must be entered; 0: no limit
}

// maxConversion bounds the codes that are remembered for one prefix in a window. Above it, codes are not counted.
const maxConversion = 10_000

// Route is where an SMS goes, without the number. It identifies nobody.
type Route struct {
	Country string // ISO 3166-1 alpha-2
	Prefix  string // + and the first digits
}

// smsDemands returns the limits of a request that sends an SMS.
func (l *Limits) smsDemands(s Send) []demand {
	if s.SMS == (Route{}) {
		return nil
	}
	demands := []demand{
		l.smsDemand("total", "all", s.SMS, l.SMS.Total),
		l.smsDemand("country", s.SMS.Country, s.SMS, l.SMS.Countries),
		l.smsDemand("prefix", s.SMS.Prefix, s.SMS, l.SMS.Prefixes),
		{answer: Refuse, slots: l.customerSlots("sms-customer", s.Client, longest(l.SMS.Clients))},
	}
	if !s.Solved {
		demands = append(demands, demand{answer: Challenge, slots: l.clientSlots("sms-client", s.Client, l.SMS.Clients)})
	}
	return demands
}

// longest returns the rate with the longest period, or none.
func longest(rates []Rate) []Rate {
	if len(rates) == 0 {
		return nil
	}
	return []Rate{slices.MaxFunc(rates, func(a, b Rate) int { return cmp.Compare(a.Period, b.Period) })}
}

func (l *Limits) smsDemand(limit, name string, route Route, rates []Rate) demand {
	slots := l.slots("sms-"+limit, name, rates)
	return demand{answer: NotSupported, slots: slots, watch: func(ctx context.Context, used []usage) {
		for i, u := range used {
			if most := slots[i].rate.Max; float64(u.actions) >= math.Ceil(alarmShare*float64(most)) {
				l.alarm(ctx, slots[i].key, slots[i].rate.Period, "a limit of SMS is used to 80 % or more",
					"limit", limit, "country", route.Country, "prefix", route.Prefix, "used", u.actions, "max", most)
			}
		}
	}}
}

// alarm logs a line once in a period, from all replicas together.
func (l *Limits) alarm(ctx context.Context, key string, period time.Duration, text string, attributes ...any) {
	once := []slot{{key: key + ":alarm", rate: Rate{1, period}}}
	used := l.take(ctx, rand.Text(), once)
	if anyFull(used) {
		return
	}
	l.Logger.With(slog.Duration("period", period)).Warn(text, attributes...)
}

// CodeSent counts a code that was sent by SMS. action is its id.
func (l *Limits) CodeSent(ctx context.Context, route Route, action string) {
	l.take(ctx, action, l.conversionSlots("sent", route))
}

// CodeEntered counts a right code that had been sent by SMS.
func (l *Limits) CodeEntered(ctx context.Context, route Route, action string) {
	l.take(ctx, action, l.conversionSlots("entered", route))
}

// unanswered reports whether a prefix is held back because too few of its codes are entered.
func (l *Limits) unanswered(ctx context.Context, route Route) bool {
	slots := readOnly(append(l.conversionSlots("sent", route), l.conversionSlots("entered", route)...))
	if len(slots) == 0 {
		return false
	}
	used := l.take(ctx, rand.Text(), slots)
	c, sent, entered := l.SMS.Conversion, used[0].actions, used[1].actions
	if sent < c.MinSent || entered*100 >= c.MinPercent*sent {
		return false
	}
	l.alarm(ctx, slots[0].key, conversionWindow, "SMS to a prefix are held back, because too few of its codes are entered",
		"country", route.Country, "prefix", route.Prefix, "sent", sent, "entered", entered)
	return true
}

func (l *Limits) conversionSlots(what string, route Route) []slot {
	if l.SMS.Conversion.MinPercent == 0 {
		return nil
	}
	return l.slots("sms-"+what, route.Prefix, []Rate{{maxConversion, conversionWindow}})
}
