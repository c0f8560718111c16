package workflows

import (
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// odds are the chances of an attacker who requests so many codes and knows none to guess a right one. Without success, no code
// is hit by any of its attempts. p is the chance of the likeliest code.
func odds(codes, attempts int, p *big.Rat) *big.Rat {
	missed := new(big.Rat).Sub(big.NewRat(1, 1), new(big.Rat).Mul(big.NewRat(int64(attempts), 1), p))
	all := big.NewRat(1, 1)
	for range codes {
		all.Mul(all, missed)
	}
	return all.Sub(big.NewRat(1, 1), all)
}

// TestOddsOfTheDefaultPolicy backs the numbers of docs/decisions/0017-late-codes.md. Of the 2^31 outputs that six digits are
// taken from, a code has 2,148 at most. A run sends one code more than an attacker does not know: the code of a second proof
// is sent after a right one.
func TestOddsOfTheDefaultPolicy(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	likeliest := big.NewRat(2148, 1<<31)
	for codes, oneIn := range map[int]string{1: "199951.92", CodesOf(p)/2 - 1: "49988.36", CodesOf(p) - 2: "24994.43"} {
		require.Equal(t, oneIn, new(big.Rat).Inv(odds(codes, p.CodeAttempts, likeliest)).FloatString(2), "%d codes", codes)
	}
}

// TestNoStrategyBeatsTheOdds goes through every strategy to guess codes of one digit, below digits: which to enter next, and when to
// request another code. No code expires, so that as many codes as possible are valid at the same time.
func TestNoStrategyBeatsTheOdds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ digits, codes, attempts int }{{4, 1, 2}, {4, 2, 2}, {4, 3, 2}, {5, 2, 3}, {5, 4, 1}} {
		g := guesser{digits: tt.digits, codes: tt.codes, attempts: tt.attempts, known: map[string]*big.Rat{}}
		want := odds(tt.codes, tt.attempts, big.NewRat(1, int64(tt.digits)))
		require.Zero(t, want.Cmp(g.best(codes{}, nil)), "%+v: %s and not %s", tt, g.best(codes{}, nil), want)
	}
}

// guesser finds the best strategy. All digits that were not entered while a code was valid are equally likely.
type guesser struct {
	digits, codes, attempts int
	known                   map[string]*big.Rat
}

// best is the chance to hit a code from now on. wrong has what each code is not, by its sequence less one.
func (g guesser) best(c codes, wrong []uint) *big.Rat {
	key := fmt.Sprint(c.last, c.earlier, wrong)
	if g.known[key] != nil {
		return g.known[key]
	}
	best := new(big.Rat)
	if c.last.sequence < g.codes {
		best = g.best(g.ask(c), append(slices.Clip(wrong), 0))
	}
	for digit := range g.digits {
		if chance := g.enter(c, wrong, 1<<digit); chance != nil && chance.Cmp(best) > 0 {
			best = chance
		}
	}
	g.known[key] = best
	return best
}

func (g guesser) ask(c codes) codes {
	next := code{sequence: c.last.sequence + 1, attemptsLeft: g.attempts, expiresAt: time.Unix(1, 0)}
	if c.last.sequence > 0 {
		c.earlier = append([]code{c.last}, c.earlier...)
	}
	c.last = next
	return c
}

// enter is the chance to hit with a digit or later, or nil when nothing can be entered.
func (g guesser) enter(c codes, wrong []uint, digit uint) *big.Rat {
	valid := c.valid(time.Unix(0, 0))
	if c.last.attemptsLeft == 0 || len(valid) == 0 {
		return nil
	}
	after, missed := append([]uint(nil), wrong...), big.NewRat(1, 1)
	for _, i := range valid {
		not := &after[i.sequence-1]
		if *not&digit != 0 {
			continue
		}
		left := int64(g.digits - bits.OnesCount(*not))
		missed.Mul(missed, big.NewRat(left-1, left))
		*not |= digit
	}
	c.earlier = append([]code(nil), c.earlier...)
	c.countWrong()
	chance := new(big.Rat).Sub(big.NewRat(1, 1), missed)
	return chance.Add(chance, missed.Mul(missed, g.best(c, after)))
}
