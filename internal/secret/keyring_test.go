package secret

import (
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The keyset of testdata/prf.json: 1001 is disabled, 2002 the first enabled key, 3003 the primary.
const (
	firstKey   = 2002
	primaryKey = 3003

	registration = "11111111-2222-8333-8444-555555555555"
)

func golden(t testing.TB) *Keyring {
	t.Helper()
	text, err := os.ReadFile("testdata/prf.json")
	require.NoError(t, err)
	return open(t, string(text))
}

func open(t testing.TB, text string) *Keyring {
	t.Helper()
	handle, err := ParsePRF(text)
	require.NoError(t, err)
	ring, err := NewKeyring(handle)
	require.NoError(t, err)
	return ring
}

// The expected values were computed independently of this code, by HMAC-SHA256 over the documented encoding. A change here
// means that ids, hashes and codes in use stop matching.
func TestGoldenVectors(t *testing.T) {
	t.Parallel()
	k := golden(t)

	require.Equal(t, "c5dbd5db-478a-86ef-88dd-3adc8d2b8e6e", k.RegistrationID("order-4711", "ada@example.com"))
	require.Equal(t, "6shppx73vkqczxyomnhsho6eav3rnjzt", k.RegistrationToken(registration))
	require.Equal(t, "ujnd253bc3vduodbz7ojds26d5elr4kn", k.Fingerprint("POST", "{}"))
	require.Equal(t, "6r3cgrmntrz547zio2ih3k7mo7qpayk5", k.EmailHash("ada@example.com"))
	require.Equal(t, []string{"cmn3ih73qengptcyx4idzaljf2hhsjsa", "6r3cgrmntrz547zio2ih3k7mo7qpayk5"},
		k.EmailHashes("ada@example.com"))
	require.Equal(t, "c418d20c96fe4f3417c86f79df2d3d0a", hex.EncodeToString(k.PasswordSalt(registration)))
	require.EqualValues(t, primaryKey, k.KeyID())
	for sequence, want := range map[int]string{1: "497849", 2: "797888", 3: "462221"} {
		code, err := k.Code(primaryKey, registration, sequence)
		require.NoError(t, err)
		require.Equal(t, want, code)
	}
	code, err := k.Code(firstKey, registration, 1)
	require.NoError(t, err)
	require.Equal(t, "255348", code)
	digest, err := k.CodeDigest(primaryKey, registration, "497849")
	require.NoError(t, err)
	require.Equal(t, "tw7la57adsbydss2tvs2mm6cqcn7zsws", digest)
	require.Equal(t, []string{"wpqvscgborvwmtn74lggo2lbgz2lrcos", "tw7la57adsbydss2tvs2mm6cqcn7zsws"},
		k.CodeDigests(registration, "497849"))
}

func TestRegistrationIDIsVersion8(t *testing.T) {
	t.Parallel()
	k := golden(t)
	rapid.Check(t, func(t *rapid.T) {
		id, err := uuid.Parse(k.RegistrationID(rapid.String().Draw(t, "key"), rapid.String().Draw(t, "email")))
		require.NoError(t, err)
		require.EqualValues(t, 8, id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
	})
}

// Clients with different addresses may use the same idempotency key.
func TestRegistrationIDDependsOnKeyAndEmail(t *testing.T) {
	t.Parallel()
	k := golden(t)
	require.NotEqual(t, k.RegistrationID("key", "ada@example.com"), k.RegistrationID("key", "bob@example.com"))
	require.NotEqual(t, k.RegistrationID("key", "ada@example.com"), k.RegistrationID("key2", "ada@example.com"))
	require.NotEqual(t, k.RegistrationID("keya", "da@example.com"), k.RegistrationID("key", "ada@example.com"))
}

func TestRegistrationToken(t *testing.T) {
	t.Parallel()
	k := golden(t)
	token := k.RegistrationToken(registration)
	require.Regexp(t, `^[a-z2-7]{32}$`, token)
	require.True(t, k.IsRegistrationToken(registration, token))
	for _, wrong := range []string{"", registration, token[1:], token + "a", strings.ToUpper(token), k.RegistrationToken(person), k.EmailHash(registration)} {
		require.False(t, k.IsRegistrationToken(registration, wrong), wrong)
	}
	require.False(t, k.IsRegistrationToken(person, token))
	require.False(t, open(t, newPRF(t)).IsRegistrationToken(registration, token), "made by another keyset")
}

func TestFingerprintIsUnambiguous(t *testing.T) {
	t.Parallel()
	k := golden(t)
	require.NotEqual(t, k.Fingerprint("ab", "c"), k.Fingerprint("a", "bc"))
	require.NotEqual(t, k.Fingerprint(), k.Fingerprint(""))
	parts := rapid.SliceOfN(rapid.StringN(0, 3, -1), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		require.Equal(t, slices.Equal(a, b), k.Fingerprint(a...) == k.Fingerprint(b...))
	})
}

func TestKindsDiffer(t *testing.T) {
	t.Parallel()
	k := golden(t)
	digest, err := k.CodeDigest(primaryKey, "x", "y")
	require.NoError(t, err)
	outputs := []string{k.EmailHash("x"), k.Fingerprint("x"), k.Fingerprint("x", "y"), k.LimitKey("x"), k.LimitKey("x", "y"), digest}
	for n, output := range outputs {
		outputs[n] = output[:24] // 15 bytes in base32
	}
	outputs = append(outputs, text(append(k.PasswordSalt("x"), 0, 0, 0, 0))[:24])
	key, err := tokenText.DecodeString(k.AddressKey("x"))
	require.NoError(t, err)
	outputs = append(outputs, text(append(key, 0, 0, 0, 0))[:24])
	slices.Sort(outputs)
	require.Len(t, slices.Compact(outputs), 8)
}

// Replicas take a new keyset one after the other: at each step those with the older text must agree with the newer on
// ids, fingerprints, salts and keys of limits, and find and verify what the other one made.
func TestRotation(t *testing.T) {
	t.Parallel()
	before, err := GeneratePRF()
	require.NoError(t, err)
	added, err := AddKey(before)
	require.NoError(t, err)
	promoted, err := Promote(added)
	require.NoError(t, err)
	rings := []*Keyring{open(t, before), open(t, added), open(t, promoted)}

	for _, k := range rings {
		require.Equal(t, rings[0].RegistrationID("key", "a@b.co"), k.RegistrationID("key", "a@b.co"))
		require.Equal(t, rings[0].RegistrationToken(registration), k.RegistrationToken(registration))
		require.True(t, k.IsRegistrationToken(registration, rings[0].RegistrationToken(registration)))
		require.Equal(t, rings[0].Fingerprint("a", "b"), k.Fingerprint("a", "b"))
		require.Equal(t, rings[0].LimitKey("a", "b"), k.LimitKey("a", "b"))
		require.Equal(t, rings[0].PasswordSalt(registration), k.PasswordSalt(registration))
		require.Contains(t, k.EmailHashes("a@b.co"), rings[0].EmailHash("a@b.co"))
	}
	require.Equal(t, rings[0].KeyID(), rings[1].KeyID())
	require.NotEqual(t, rings[1].KeyID(), rings[2].KeyID())
	require.Contains(t, rings[1].EmailHashes("a@b.co"), rings[2].EmailHash("a@b.co"))

	issued, err := rings[0].IssueDigests(rings[0].KeyID(), registration, 3)
	require.NoError(t, err)
	code, err := rings[2].Code(rings[0].KeyID(), registration, 2)
	require.NoError(t, err)
	require.Contains(t, rings[2].CodeDigests(registration, code), issued[1])
	_, err = rings[0].Code(rings[2].KeyID(), registration, 1)
	require.ErrorIs(t, err, ErrUnknownKey)
}

func TestIssueDigests(t *testing.T) {
	t.Parallel()
	k := golden(t)
	digests, err := k.IssueDigests(primaryKey, registration, 4)
	require.NoError(t, err)
	require.Len(t, digests, 4)
	for i, want := range digests {
		code, err := k.Code(primaryKey, registration, i+1)
		require.NoError(t, err)
		digest, err := k.CodeDigest(primaryKey, registration, code)
		require.NoError(t, err)
		require.Equal(t, want, digest)
		other, err := k.CodeDigest(primaryKey, "another", code)
		require.NoError(t, err)
		require.NotEqual(t, want, other)
	}
}

func TestUnknownKey(t *testing.T) {
	t.Parallel()
	k := golden(t)
	for _, id := range []uint32{0, 1001, 42} {
		_, err := k.Code(id, registration, 1)
		require.ErrorIs(t, err, ErrUnknownKey)
		_, err = k.CodeDigest(id, registration, "123456")
		require.ErrorIs(t, err, ErrUnknownKey)
		_, err = k.IssueDigests(id, registration, 1)
		require.ErrorIs(t, err, ErrUnknownKey)
	}
}

// Under a fixed keyset the outcome is fixed: chi-square over 10 digits at each of the 6 places stays below 27.88, the
// 0.1 % quantile for 9 degrees of freedom, and codes of other sequences and registrations are others.
func TestCodesAreUniform(t *testing.T) {
	t.Parallel()
	const registrations, sequences = 5000, 4
	k := golden(t)
	var counts [codeDigits][10]int
	distinct := make(map[string]bool)
	for r := range registrations {
		for s := 1; s <= sequences; s++ {
			code, err := k.Code(primaryKey, fmt.Sprintf("registration-%d", r), s)
			require.NoError(t, err)
			require.Regexp(t, `^[0-9]{6}$`, code)
			distinct[code] = true
			for place, digit := range code {
				counts[place][digit-'0']++
			}
		}
	}
	const expected = registrations * sequences / 10.0
	for place := range counts {
		chi := 0.0
		for _, n := range counts[place] {
			chi += (float64(n) - expected) * (float64(n) - expected) / expected
		}
		require.Less(t, chi, 27.88, "place %d", place)
	}
	// 20,000 draws from a million leave about 19,801 distinct ones, give or take 14.
	require.InDelta(t, 19_801, len(distinct), 70)
}

func TestNewKeyringRefusesOtherKeysets(t *testing.T) {
	t.Parallel()
	_, err := NewKeyring(nil)
	require.Error(t, err)
	text, err := GenerateAEAD()
	require.NoError(t, err)
	handle, err := ParseAEAD(text)
	require.NoError(t, err)
	_, err = NewKeyring(handle)
	require.ErrorIs(t, err, errNotPRF)
}

func BenchmarkIssueDigests(b *testing.B) {
	k := golden(b)
	for b.Loop() {
		if _, err := k.IssueDigests(primaryKey, registration, 4); err != nil {
			b.Fatal(err)
		}
	}
}
