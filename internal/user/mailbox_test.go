package user

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMailbox(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"zoelle@example.com":          "zoelle@example.com",
		"zoelle+news@example.com":     "zoelle@example.com",
		"zoelle+a+b@example.com":      "zoelle@example.com",
		"z.o-e_lle@example.com":       "z.o-e_lle@example.com",
		"+zoelle@example.com":         "+zoelle@example.com",
		"z.oelle@gmail.com":           "zoelle@gmail.com",
		"zo.el.le+x.y@googlemail.com": "zoelle@gmail.com",
		"zoelle-shop@yahoo.com":       "zoelle@yahoo.com",
		"zoelle+shop@outlook.com":     "zoelle@outlook.com",
		"zoelle-n@outlook.com":        "zoelle-n@outlook.com",
		"z.o-e_lle+a@pm.me":           "zoelle@proton.me",
		"zoelle@me.com":               "zoelle@icloud.com",
		"zoelle.n@ya.ru":              "zoellen@yandex.ru",
		"z.oelle@mail.gmail.com":      "z.oelle@mail.gmail.com",
		"zoelle":                      "zoelle",
		"@example.com":                "@example.com",
		"-.@pm.me":                    "-.@proton.me",
	} {
		require.Equal(t, want, Mailbox(address), address)
	}
}

// TestVariantsAreOneMailbox has variants of one address, each of them a valid address of its own.
func TestVariantsAreOneMailbox(t *testing.T) {
	t.Parallel()
	for _, variant := range []string{
		"Zoelle@gmail.com", "z.o.e.l.l.e@GMAIL.com", "zoelle+1@gmail.com", "zoelle+2.3@googlemail.com", "ZOE.LLE@GoogleMail.com",
	} {
		_, canonical, err := ParseEmail(variant)
		require.NoError(t, err)
		require.Equal(t, "zoelle@gmail.com", Mailbox(canonical))
	}
}
