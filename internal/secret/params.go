package secret

import (
	"fmt"
	"strings"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// The highest parameters of a hash. With them, one hash takes seconds and 1 GiB.
const (
	MaxMemory      = 1024 * 1024 // KiB
	MaxIterations  = 20
	MaxParallelism = 16
)

// minimumParams are the minimum configurations of argon2id in the OWASP Password Storage Cheat Sheet: memory in KiB, and
// iterations. They protect equally well.
var minimumParams = []struct{ memory, iterations uint32 }{
	{47104, 1}, {19456, 2}, {12288, 3}, {9216, 4}, {7168, 5},
}

// OWASPMinimum describes minimumParams.
const OWASPMinimum = "47104 KiB with 1 iteration, 19456 with 2, 12288 with 3, 9216 with 4, or 7168 with 5"

// NewParams returns parameters with the default lengths of salt and key. memory is in KiB.
func NewParams(memory, iterations uint32, parallelism uint8) argon2id.Params {
	return argon2id.Params{
		Memory: memory, Iterations: iterations, Parallelism: parallelism, SaltLength: saltLength, KeyLength: keyLength,
	}
}

// DefaultParams is argon2id with 19 MiB of memory, 2 iterations and 1 lane, one of OWASP's minimum configurations.
func DefaultParams() argon2id.Params { return NewParams(19*1024, 2, 1) }

// CheapParams gives no protection. It makes hashing fast in tests and benchmarks of other code.
func CheapParams() argon2id.Params { return NewParams(8, 1, 1) }

// MeetsMinimum reports whether p is at least one of OWASP's minimum configurations.
func MeetsMinimum(p argon2id.Params) bool {
	for _, minimum := range minimumParams {
		if p.Memory >= minimum.memory && p.Iterations >= minimum.iterations && p.Parallelism > 0 {
			return true
		}
	}
	return false
}

// phcPrefix is the beginning of every hash of a Hasher. The parameters follow, up to the next $.
var phcPrefix = fmt.Sprintf("$argon2id$v=%d$", argon2.Version)

// FormatParams returns the parameters as they are in a hash, such as m=19456,t=2,p=1.
func FormatParams(p argon2id.Params) string {
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Iterations, p.Parallelism)
}

// ParseParams reads the result of FormatParams. ok is false for other text and for parameters above the maximum.
func ParseParams(text string) (p argon2id.Params, ok bool) {
	p = NewParams(0, 0, 0)
	if _, err := fmt.Sscanf(text, "m=%d,t=%d,p=%d", &p.Memory, &p.Iterations, &p.Parallelism); err != nil {
		return argon2id.Params{}, false
	}
	inBounds := p.Memory <= MaxMemory && p.Iterations >= 1 && p.Iterations <= MaxIterations &&
		p.Parallelism >= 1 && p.Parallelism <= MaxParallelism
	return p, inBounds && FormatParams(p) == text
}

// ParamsOf returns the parameters in a hash, in the form of FormatParams. It returns "" for a hash of another kind.
func ParamsOf(hash string) string {
	rest, ok := strings.CutPrefix(hash, phcPrefix)
	if !ok {
		return ""
	}
	params, _, _ := strings.Cut(rest, "$")
	return params
}

// NeedsRehash reports whether a password should be hashed again, at the user's next login, because its hash is not one of
// argon2id with at least the memory and iterations of p. params are those of the hash, as ParamsOf returns them.
func NeedsRehash(params string, p argon2id.Params) bool {
	stored, ok := ParseParams(params)
	return !ok || stored.Memory < p.Memory || stored.Iterations < p.Iterations
}
