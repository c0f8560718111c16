package secret

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	address    = "ada@example.com"
	addressKey = "rbu7-VquKvOnolT8xsgksw"
)

var (
	linkExpires = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	linkSent    = linkExpires.Add(-72 * time.Hour)
)

func confirmToken(k *Keyring) string {
	return k.EmailLinkToken("confirm", registration, address, linkExpires)
}

// The expected values were computed independently of this code: a change would break the links in sent emails.
func TestEmailLinkGolden(t *testing.T) {
	t.Parallel()
	k := golden(t)
	require.Equal(t, addressKey, k.AddressKey(address))
	require.Equal(t, "ERERESIigzOERFVVVVVVVQAAAABrCsJArbu7-VquKvOnolT8xsgks_i9PQvxeIfVQIJIfVD_XM8", confirmToken(k))
	require.Equal(t, "ERERESIigzOERFVVVVVVVQAAAABrCsJArbu7-VquKvOnolT8xsgks9u2PMsqpS2bRqZpElquRr0",
		k.EmailLinkToken("not-me", registration, address, linkExpires))
}

func TestEmailLinkToken(t *testing.T) {
	t.Parallel()
	k := golden(t)
	token := confirmToken(k)
	require.Regexp(t, `^[A-Za-z0-9_-]{75}$`, token)
	id, key, err := k.ReadEmailLink("confirm", token, linkSent)
	require.NoError(t, err)
	require.Equal(t, []string{registration, addressKey}, []string{id, key})
	bytes, err := base64.RawURLEncoding.DecodeString(token)
	require.NoError(t, err)
	require.NotContains(t, string(bytes), "ada", "the address is not in the token")
	require.NotEqual(t, addressKey, k.AddressKey("bob@example.com"))
	require.Panics(t, func() { k.EmailLinkToken("confirm", address, address, linkExpires) })
}

func TestEmailLinkExpires(t *testing.T) {
	t.Parallel()
	k := golden(t)
	for now, want := range map[time.Time]error{
		linkSent:                              nil,
		linkExpires.Add(-time.Second):         nil,
		linkExpires:                           ErrLinkExpired,
		linkExpires.Add(365 * 24 * time.Hour): ErrLinkExpired,
	} {
		_, _, err := k.ReadEmailLink("confirm", confirmToken(k), now)
		require.ErrorIs(t, err, want, now)
	}
	before1970 := k.EmailLinkToken("confirm", registration, address, time.Time{})
	_, _, err := k.ReadEmailLink("confirm", before1970, linkSent)
	require.ErrorIs(t, err, ErrLinkExpired)
}

// An attacker cannot turn one link into another, and learns nothing from a forged link's expiry.
func TestInvalidEmailLinks(t *testing.T) {
	t.Parallel()
	k := golden(t)
	token := confirmToken(k)
	invalid := func(action, token string) {
		t.Helper()
		for _, now := range []time.Time{linkSent, linkExpires} {
			id, key, err := k.ReadEmailLink(action, token, now)
			require.ErrorIs(t, err, ErrLinkNotGenuine, "%s %s", action, token)
			require.Empty(t, id+key)
		}
	}
	invalid("not-me", token)
	invalid("", token)
	invalid("confirm", k.EmailLinkToken("not-me", registration, address, linkExpires))
	for _, wrong := range []string{
		"", "example", token[1:], token + "A", token[:74] + "=", strings.Repeat("A", 75), " " + token[1:],
		token[:40] + "\n" + token[40:], token[:40] + "\n" + token[41:], strings.Repeat("\n", 75),
		k.UnsubscribeToken(campaign, person),
	} {
		invalid("confirm", wrong)
	}
	_, _, err := open(t, newPRF(t)).ReadEmailLink("confirm", token, linkSent)
	require.ErrorIs(t, err, ErrLinkNotGenuine, "made by another keyset")

	genuine := []string{
		token,
		k.EmailLinkToken("confirm", person, address, linkExpires),
		k.EmailLinkToken("confirm", registration, "bob@example.com", linkExpires),
		k.EmailLinkToken("confirm", registration, address, linkExpires.Add(time.Hour)),
	}
	rapid.Check(t, func(t *rapid.T) {
		other := rapid.SampledFrom(append(genuine, strings.Repeat("_", len(token)))).Draw(t, "other")
		from := rapid.IntRange(0, len(token)-1).Draw(t, "from")
		to := rapid.IntRange(from+1, len(token)).Draw(t, "to")
		mixed := token[:from] + other[from:to] + token[to:]
		_, _, err := k.ReadEmailLink("confirm", mixed, linkSent)
		require.Equal(t, slices.Contains(genuine, mixed), err == nil)
	})
}

// Links work and name the same address before, during and after a rotation.
func TestEmailLinksDuringARotation(t *testing.T) {
	t.Parallel()
	before := newPRF(t)
	added, err := AddKey(before)
	require.NoError(t, err)
	promoted, err := Promote(added)
	require.NoError(t, err)
	older, between, newer := open(t, before), open(t, added), open(t, promoted)
	for _, k := range []*Keyring{between, newer} {
		require.Equal(t, older.AddressKey(address), k.AddressKey(address))
		for _, token := range []string{confirmToken(older), confirmToken(newer)} {
			_, key, err := k.ReadEmailLink("confirm", token, linkSent)
			require.NoError(t, err)
			require.Equal(t, k.AddressKey(address), key)
		}
	}
	_, _, err = older.ReadEmailLink("confirm", confirmToken(newer), linkSent)
	require.ErrorIs(t, err, ErrLinkNotGenuine, "the key has not reached this replica yet")
}
