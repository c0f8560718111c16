package secret

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzReadUnsubscribe(f *testing.F) {
	k := golden(f)
	token := k.UnsubscribeToken(campaign, person)
	for _, seed := range []string{
		token, token[:63], token + "A", strings.ToLower(token), token[:63] + "z", strings.Repeat("A", 64), token[:32] + token[:32], " " + token[1:], token[:60] + "\n\n\n\n", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		campaignID, userID, ok := k.ReadUnsubscribe(token)
		if !ok {
			require.Empty(t, campaignID+userID)
			return
		}
		require.Equal(t, token, k.UnsubscribeToken(campaignID, userID), "a token has one text")
	})
}

func FuzzReadEmailLink(f *testing.F) {
	k := golden(f)
	token := confirmToken(k)
	for _, seed := range []string{
		token, token[:74], token + "A", strings.ToLower(token), strings.Repeat("A", 75), token[:71] + "\n\n\n\n",
		k.EmailLinkToken("not-me", registration, address, linkExpires), k.UnsubscribeToken(campaign, person), "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		id, key, err := k.ReadEmailLink("confirm", token, linkSent)
		if err != nil {
			require.ErrorIs(t, err, ErrLinkNotGenuine)
			require.Empty(t, id+key)
			return
		}
		require.Equal(t, confirmToken(k), token, "a token has one text")
	})
}

func FuzzParseKeysets(f *testing.F) {
	for _, file := range []string{"testdata/prf.json"} {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(string(text))
	}
	for _, generate := range []func() (string, error){GeneratePRF, GenerateAEAD} {
		text, err := generate()
		require.NoError(f, err)
		f.Add(text)
		f.Add(text[:len(text)/2])
		binary, err := base64.StdEncoding.DecodeString(text)
		require.NoError(f, err)
		f.Add(base64.RawURLEncoding.EncodeToString(binary))
	}
	f.Add("{}")
	f.Add(`{"primaryKeyId":1,"key":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) error{
			func(s string) error { _, err := ParsePRF(s); return err },
			func(s string) error { _, err := ParseAEAD(s); return err },
		} {
			if err := parse(text); err != nil {
				require.Contains(t, []error{errNotKeyset, errNotPRF, errNotAEAD}, err, "the text of an error is fixed")
				continue
			}
			longer, err := AddKey(text)
			require.NoError(t, err)
			require.NoError(t, parse(longer))
			promoted, err := Promote(longer)
			require.NoError(t, err)
			require.NoError(t, parse(promoted))
		}
	})
}
