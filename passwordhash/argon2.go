package passwordhash

import (
	"fmt"
	"regexp"
	"strconv"

	"golang.org/x/crypto/argon2"
)

var argon2Pattern = regexp.MustCompile(`^\$(argon2id?)\$v=19\$m=([1-9]\d{0,8}),t=([1-9]\d{0,8}),p=([1-9]\d{0,8})\$([^$]*)\$([^$]*)$`)

// parseArgon2 reads PHC format. The module golang.org/x/crypto has neither argon2d nor version 16.
func parseArgon2(text string) (Hash, error) {
	match := argon2Pattern.FindStringSubmatch(text)
	if match == nil {
		return Hash{}, unknownNotation("argon2")
	}
	memory, iterations, parallelism := number(match[2]), number(match[3]), number(match[4])
	if memory > MaxMemory || iterations > MaxArgon2Iterations || parallelism > MaxParallelism || memory*iterations > MaxArgon2Work {
		return Hash{}, tooCostly(fmt.Sprintf("argon2 may have at most m=%d,t=%d,p=%d, and m*t=%d",
			MaxMemory, MaxArgon2Iterations, MaxParallelism, MaxArgon2Work))
	}
	salt, digest, err := decodeBoth(match[5], match[6])
	if err != nil {
		return Hash{}, err
	}
	scheme, key := Argon2id, argon2.IDKey
	if match[1] == string(Argon2i) {
		scheme, key = Argon2i, argon2.Key
	}
	params := fmt.Sprintf("v=19$m=%d,t=%d,p=%d", memory, iterations, parallelism)
	return derived(scheme, params, salt, digest, func(password string) []byte {
		return key([]byte(password), salt, uint32(iterations), uint32(memory), uint8(parallelism), uint32(len(digest)))
	})
}

// number returns the number that a pattern has matched, with nine digits at most.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
