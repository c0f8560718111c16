package passwordhash

import (
	"fmt"
	"regexp"

	"golang.org/x/crypto/bcrypt"
)

var bcryptPattern = regexp.MustCompile(`^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$`)

// parseBcrypt reads the notation of bcrypt, which stays as it is. Only the first 72 bytes of a password count.
func parseBcrypt(text string) (Hash, error) {
	match := bcryptPattern.FindStringSubmatch(text)
	if match == nil || number(match[1]) < bcrypt.MinCost {
		return Hash{}, unknownNotation("bcrypt")
	}
	if number(match[1]) > MaxBcryptCost {
		return Hash{}, tooCostly(fmt.Sprintf("the cost of bcrypt may be at most %d", MaxBcryptCost))
	}
	return Hash{scheme: Bcrypt, text: text, verify: func(password string) bool {
		return bcrypt.CompareHashAndPassword([]byte(text), []byte(password)) == nil
	}}, nil
}
