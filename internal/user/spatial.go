package user

import (
	"slices"
	"strings"
	"sync"

	"github.com/ccojocar/zxcvbn-go/adjacency"
	"github.com/ccojocar/zxcvbn-go/entropy"
	"github.com/ccojocar/zxcvbn-go/match"
	"github.com/ccojocar/zxcvbn-go/matching"
)

// keyboards are the layouts in which zxcvbn looks for runs of adjacent keys.
var keyboards = []string{"qwerty", "dvorak", "keypad", "macKeypad"}

// run is a run of adjacent keys. Its entropy depends on nothing else.
type run struct {
	layout                 string
	length, turns, shifted int
}

// entropies has the entropies of runs. zxcvbn decompresses and parses its layout each time that it computes one, which costs
// more than the rest of a registration's form. Passwords are cut to scoredCharacters, so there are few different runs.
var entropies sync.Map

func (r run) entropy() float64 {
	if known, ok := entropies.Load(r); ok {
		return known.(float64)
	}
	m := match.Match{DictionaryName: r.layout, Token: strings.Repeat("x", r.length)}
	computed := entropy.SpatialEntropy(m, r.turns, r.shifted)
	entropies.Store(r, computed)
	return computed
}

// omnimatch is matching.Omnimatch with remembered entropies.
func omnimatch(plain string, own []string, filters ...func(match.Matcher) bool) []match.Match {
	matches := matching.Omnimatch(plain, own, append(filters, matching.FilterSpatialMatcher)...)
	for _, keyboard := range keyboards {
		matches = append(matches, runs(plain, adjacency.GraphMap[keyboard])...)
	}
	return matches
}

// runs returns the runs of at least minWord adjacent keys, as zxcvbn finds them.
func runs(plain string, layout adjacency.Graph) []match.Match {
	var found []match.Match
	for first := 0; first < len(plain)-1; {
		r := run{layout: layout.Name, length: 1}
		for last := -1; first+r.length < len(plain); r.length++ {
			next := plain[first+r.length]
			direction, shifted := step(layout, plain[first+r.length-1], next)
			if direction < 0 {
				break
			}
			if direction != last {
				r.turns, last = r.turns+1, direction
			}
			if shifted {
				r.shifted++
			}
		}
		if end := first + r.length; r.length >= minWord {
			found = append(found, match.Match{
				Pattern: "spatial", I: first, J: end - 1, Token: plain[first:end], DictionaryName: layout.Name, Entropy: r.entropy(),
			})
		}
		first += r.length
	}
	return found
}

// step returns the direction from one key to the adjacent one that types next, and whether next needs the shift key. The
// direction is -1 if the keys are not adjacent.
func step(layout adjacency.Graph, from, next byte) (direction int, shifted bool) {
	keys := layout.Graph[string(from)]
	direction = slices.IndexFunc(keys, func(key string) bool { return strings.IndexByte(key, next) >= 0 })
	return direction, direction >= 0 && strings.IndexByte(keys[direction], next) == 1
}
