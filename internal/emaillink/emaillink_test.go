package emaillink_test

import (
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/emaillink"
	"registrar/internal/secret"
	"registrar/workflows"
)

const (
	registrationID = "11111111-2222-8333-8444-555555555555"
	canonical      = "ada@example.com"
)

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func setup(t *testing.T, publicURL string) emaillink.Links {
	t.Helper()
	text, err := os.ReadFile("../secret/testdata/prf.json")
	require.NoError(t, err)
	handle, err := secret.ParsePRF(string(text))
	require.NoError(t, err)
	keys, err := secret.NewKeyring(handle)
	require.NoError(t, err)
	return emaillink.Links{Keys: keys, PublicURL: publicURL, Now: func() time.Time { return now }}
}

func TestEmailLink(t *testing.T) {
	t.Parallel()
	for action, path := range map[workflows.EmailLinkAction]string{
		workflows.ActionConfirm: "/confirm-email", workflows.ActionDisown: "/not-me",
	} {
		for _, public := range []string{"https://register.example.com", "https://register.example.com/"} {
			links := setup(t, public)
			link, err := url.Parse(links.EmailLink(action, registrationID, canonical, "de-AT"))
			require.NoError(t, err)
			require.Equal(t, "https://register.example.com"+path, link.Scheme+"://"+link.Host+link.Path)
			require.Equal(t, "de-AT", link.Query().Get("lang"))
			require.NotContains(t, link.String(), "ada", "links have no address")

			token, keys := link.Query().Get("token"), links.Keys.(*secret.Keyring)
			for at, want := range map[time.Time]error{
				now: nil, now.Add(72*time.Hour - time.Second): nil, now.Add(72 * time.Hour): secret.ErrLinkExpired,
			} {
				id, key, err := keys.ReadEmailLink(string(action), token, at)
				require.ErrorIs(t, err, want)
				if want == nil {
					require.Equal(t, []string{registrationID, links.AddressKey(canonical)}, []string{id, key})
				}
			}
		}
	}
}

func TestNoEmailLinkWithoutAPublicAddress(t *testing.T) {
	t.Parallel()
	require.Empty(t, setup(t, "").EmailLink(workflows.ActionConfirm, registrationID, canonical, "en"))
}

// A locale is the user's input.
func TestLocaleInALinkIsEscaped(t *testing.T) {
	t.Parallel()
	link, err := url.Parse(setup(t, "https://register.example.com").EmailLink(workflows.ActionConfirm, registrationID, canonical, `x&token="<`))
	require.NoError(t, err)
	require.Equal(t, `x&token="<`, link.Query().Get("lang"))
	require.Len(t, link.Query()["token"], 1)
}
