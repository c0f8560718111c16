package passwordhash

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
)

// digests are the hash functions of PBKDF2 by their names in all notations. passlib leaves the name of SHA-1 out.
var digests = map[string]Scheme{"": PBKDF2SHA1, "sha1": PBKDF2SHA1, "sha256": PBKDF2SHA256, "sha512": PBKDF2SHA512}

var functions = map[Scheme]func() hash.Hash{PBKDF2SHA1: sha1.New, PBKDF2SHA256: sha256.New, PBKDF2SHA512: sha512.New}

var (
	pbkdf2PHC      = regexp.MustCompile(`^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?([1-9]\d{0,8})(?:,l=\d{1,3})?\$([^$]*)\$([^$]*)$`)
	pbkdf2Django   = regexp.MustCompile(`^pbkdf2_(sha1|sha256|sha512)\$([1-9]\d{0,8})\$([^$]*)\$([^$]*)$`)
	pbkdf2Werkzeug = regexp.MustCompile(`^pbkdf2:(sha1|sha256|sha512):([1-9]\d{0,8})\$([^$]*)\$([0-9a-f]*)$`)
)

func parsePBKDF2(text string) (Hash, error) {
	if m := pbkdf2PHC.FindStringSubmatch(text); m != nil {
		salt, digest, err := decodeBoth(m[3], m[4])
		if err != nil {
			return Hash{}, err
		}
		return newPBKDF2(digests[m[1]], number(m[2]), salt, digest)
	}
	if m := pbkdf2Django.FindStringSubmatch(text); m != nil {
		digest, err := decode(m[4])
		if err != nil {
			return Hash{}, err
		}
		return newPBKDF2(digests[m[1]], number(m[2]), []byte(m[3]), digest)
	}
	if m := pbkdf2Werkzeug.FindStringSubmatch(text); m != nil {
		digest, err := hex.DecodeString(m[4])
		if err != nil {
			return Hash{}, fmt.Errorf("%w: its digest is not hexadecimal", ErrBroken)
		}
		return newPBKDF2(digests[m[1]], number(m[2]), []byte(m[3]), digest)
	}
	return Hash{}, unknownNotation("PBKDF2")
}

func newPBKDF2(scheme Scheme, iterations int, salt, digest []byte) (Hash, error) {
	if iterations > MaxPBKDF2Iterations {
		return Hash{}, tooCostly(fmt.Sprintf("PBKDF2 may have at most %d iterations", MaxPBKDF2Iterations))
	}
	return derived(scheme, fmt.Sprintf("i=%d", iterations), salt, digest, func(password string) []byte {
		key, _ := pbkdf2.Key(functions[scheme], password, salt, iterations, len(digest)) // fails only for absurd lengths
		return key
	})
}

// The format of ASP.NET Core Identity: a byte with the version, then for version 2 a salt of 16 bytes and a digest of 32; for
// version 3 the hash function, the iterations and the length of the salt, as numbers of 4 bytes, the salt and the digest.
const (
	aspNETv2, aspNETv3   = 0, 1
	aspNETv2Salt         = 16
	aspNETv2Length       = 1 + aspNETv2Salt + 32
	aspNETv2Iterations   = 1000
	aspNETv3HeaderLength = 1 + 3*4
)

var aspNETFunctions = []Scheme{PBKDF2SHA1, PBKDF2SHA256, PBKDF2SHA512}

func parseASPNET(text string) (Hash, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil || len(data) < aspNETv2Length:
		return Hash{}, ErrUnknown
	case data[0] == aspNETv2 && len(data) == aspNETv2Length:
		return newPBKDF2(PBKDF2SHA1, aspNETv2Iterations, data[1:1+aspNETv2Salt], data[1+aspNETv2Salt:])
	case data[0] != aspNETv3:
		return Hash{}, ErrUnknown
	}
	function, iterations, saltLength := binary.BigEndian.Uint32(data[1:]), binary.BigEndian.Uint32(data[5:]), binary.BigEndian.Uint32(data[9:])
	rest := data[aspNETv3HeaderLength:]
	if uint(function) >= uint(len(aspNETFunctions)) || iterations == 0 || uint(saltLength) > uint(len(rest)) {
		return Hash{}, ErrUnknown
	}
	return newPBKDF2(aspNETFunctions[function], int(iterations), rest[:saltLength], rest[saltLength:])
}
