package user

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReservedUsernames(t *testing.T) {
	t.Parallel()
	rules := Rules{ServiceNames: []string{"Acme Bank", "login.acme.example"}, ReservedUsernames: []string{"CEO", "press-office"}}
	for username, code := range map[string]Code{
		"admin": CodeReserved, "Admin": CodeReserved, "a.d-m_i.n": CodeReserved, "adm1n": CodeReserved, "adrnin": CodeReserved,
		"r00t": CodeReserved, "postmaster": CodeReserved, "p0strnaster": CodeReserved, "vvebmaster": CodeReserved,
		"lnfo": CodeReserved, "mailerdaemon": CodeReserved, "do.not.reply": CodeReserved, "5ecurity": CodeReserved,
		"ceo": CodeReserved, "PressOffice": CodeReserved, "acmebank": CodeReserved, "Acme_Bank": CodeReserved, "login.acme.example": CodeReserved,
		"admin2": "", "ada.admin": "", "rootbeer": "", "acme": "", "information": "", "newsman": "", "": "",
	} {
		_, err := parseUsername(username, rules)
		require.Equal(t, code, CodeOf(err), username)
	}
	_, err := parseUsername("acmebank", Rules{})
	require.NoError(t, err)
}

func TestReservedUsernamesAreDistinctAndValid(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, of := range reservedUsernames {
		require.False(t, seen[of], of)
		require.GreaterOrEqual(t, len(of), minUsername, of)
		seen[of] = true
	}
}
