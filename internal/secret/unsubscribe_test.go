package secret

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	campaign = "0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f01"
	person   = "0198f6c2-7d31-7e09-b6a2-1c4d8e7f9023"
)

// The expected values were computed independently of this code: a change would break the links in sent emails.
func TestUnsubscribeGolden(t *testing.T) {
	t.Parallel()
	k := golden(t)
	require.Equal(t, "AZj2wn0QikSMH14rnTpvAQGY9sJ9MX4JtqIcTY5_kCPt2m84qRHKX6g2y8Oc_hzS", k.UnsubscribeToken(campaign, person))
	require.Equal(t, "3bea1371-d625-805c-9329-d6d2597ca03c", k.CampaignID("order-4711"))
}

func TestUnsubscribeToken(t *testing.T) {
	t.Parallel()
	k := golden(t)
	token := k.UnsubscribeToken(campaign, person)
	require.Regexp(t, `^[A-Za-z0-9_-]{64}$`, token)
	campaignID, userID, ok := k.ReadUnsubscribe(token)
	require.True(t, ok)
	require.Equal(t, campaign, campaignID)
	require.Equal(t, person, userID)
	require.NotEqual(t, token, k.UnsubscribeToken(person, campaign))
	require.Panics(t, func() { k.UnsubscribeToken(campaign, "ada@example.com") })
}

func TestInvalidUnsubscribeTokens(t *testing.T) {
	t.Parallel()
	k := golden(t)
	token := k.UnsubscribeToken(campaign, person)
	for _, wrong := range []string{
		"", "example", token[1:], token + "A", token[:63] + "=", strings.Repeat("A", 64), token[32:] + token[:32], " " + token[1:],
		token[:60] + "\n\n\n\n", strings.Repeat("\r\n", 32),
	} {
		campaignID, userID, ok := k.ReadUnsubscribe(wrong)
		require.False(t, ok, wrong)
		require.Empty(t, campaignID+userID)
	}
	_, _, ok := open(t, newPRF(t)).ReadUnsubscribe(token)
	require.False(t, ok, "made by another keyset")
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		other := rapid.SampledFrom([]string{"A", "z", "0", "-", "_", "+", "/", "="}).Draw(t, "character")
		changed := token[:at] + other + token[at+1:]
		_, _, ok := k.ReadUnsubscribe(changed)
		require.Equal(t, changed == token, ok)
	})
}

// A link works before, during and after a rotation.
func TestUnsubscribeTokensDuringARotation(t *testing.T) {
	t.Parallel()
	before := newPRF(t)
	added, err := AddKey(before)
	require.NoError(t, err)
	promoted, err := Promote(added)
	require.NoError(t, err)
	older, between, newer := open(t, before), open(t, added), open(t, promoted)
	token := older.UnsubscribeToken(campaign, person)
	later := newer.UnsubscribeToken(campaign, person)
	require.NotEqual(t, token, later)
	for _, k := range []*Keyring{between, newer} {
		for _, made := range []string{token, later} {
			_, userID, ok := k.ReadUnsubscribe(made)
			require.True(t, ok)
			require.Equal(t, person, userID)
		}
	}
	_, _, ok := older.ReadUnsubscribe(later)
	require.False(t, ok)
}

func TestCampaignAndRegistrationIDsDiffer(t *testing.T) {
	t.Parallel()
	k := golden(t)
	require.NotEqual(t, k.RegistrationID("x", ""), k.ChangeID("x", ""))
	require.NotEqual(t, k.ChangeID("x", "a", "b"), k.ChangeID("x", "ab"))
	require.NotEqual(t, k.RegistrationID("x", ""), k.CampaignID("x"))
	require.NotEqual(t, k.CampaignID("x"), k.CampaignID("y"))
}

func newPRF(t *testing.T) string {
	t.Helper()
	text, err := GeneratePRF()
	require.NoError(t, err)
	return text
}
