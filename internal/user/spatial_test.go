package user

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ccojocar/zxcvbn-go/matching"
	"github.com/stretchr/testify/require"
)

func TestOmnimatchAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		"qwerty", "QwErTy", "zxcvbnm,./", "1qaz2WSX", "!QAZ@WSX", "aoeuhtns", "',.pyf", "789456123", "0.3-*", "lkj", "poiuy",
		"asdf", "difference engine", "ab", "7", "~`", " ",
	}
	for range 2000 {
		var b strings.Builder
		for range 1 + random.IntN(4) {
			if random.IntN(2) == 0 {
				b.WriteByte(byte(' ' + random.IntN('~'-' '+1)))
			} else {
				b.WriteString(pieces[random.IntN(len(pieces))])
			}
		}
		password := b.String()
		own := []string{"lovelace", "ada"}
		require.ElementsMatch(t, matching.Omnimatch(password, own), omnimatch(password, own), password)
	}
}

// BenchmarkKeyboardRun rates a password with keys that are adjacent.
func BenchmarkKeyboardRun(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		score("difference engine no. 2", nil)
	}
}
