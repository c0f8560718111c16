package user

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// verdict returns why CheckPassword refuses a password.
func verdict(f Form, r Rules) error {
	_, _, err := CheckPassword(f, r)
	return err
}

// Without the list, 2,569 of these passwords are accepted.
func TestCommonPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	text, err := readGzip(commonText)
	require.NoError(t, err)
	passwords := strings.Fields(text)
	require.Greater(t, len(passwords), 10_000)
	for _, password := range passwords {
		require.Zero(t, scoreOf(password, nil), password)
		require.Zero(t, scoreOf(strings.ToUpper(password), nil), password)
	}
}

// Each of these is accepted without the list, or without the rule for repetitions.
func TestVariantsOfCommonPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"vjqgfhjkm", "VjqGfhjkm", "vjqgfhjkm1", "vjqgfhjkm12!", "ｖｊｑｇｆｈｊｋｍ", "vjqgfhjkḿ",
		"blahblah", "609609609", "Kakakaka", "qw12qw12", "1w2q1w2q", "blahblahblah",
	} {
		require.Equal(t, errPasswordWeak, verdict(Form{Password: password}, Rules{}), password)
	}
	for _, password := range []string{"vjqgfhjkm-4417", "a vjqgfhjkm horse", "kqzjwvxp-harbour kqzjwvxp-harbour"} {
		require.NoError(t, verdict(Form{Password: password}, Rules{}), password)
	}
}

func TestNamesOfTheServiceAreWeakPasswords(t *testing.T) {
	t.Parallel()
	rules := Rules{ServiceNames: []string{"Zörnbank Direkt", "login.zornbank.example"}}
	for _, password := range []string{
		"Zörnbank2026!", "zornbank2026!", "Z0rnb4nk#2026", "ZornbankDirekt1", "zornbank.example", "login.zornbank", "Zornbank-Login1",
		"zornbankzornbank",
	} {
		require.Equal(t, errPasswordWeak, verdict(Form{Password: password}, rules), password)
	}
	require.NoError(t, verdict(Form{Password: "zornbank sells 7 purple whales"}, rules))
	require.NoError(t, verdict(Form{Password: "Zornbank#xk9Qm2v"}, rules))
}

func TestMinPasswordLength(t *testing.T) {
	t.Parallel()
	for length, message := range map[int]string{0: "", 8: "", 12: "", 13: "must have at least 13 characters"} {
		err := verdict(Form{Password: "vK3#pQ9xTzвы"}, Rules{MinPasswordLength: length})
		if message == "" {
			require.NoError(t, err, length)
			continue
		}
		require.EqualError(t, err, message)
		require.Equal(t, CodeTooShort, CodeOf(err))
	}
}

func BenchmarkReadCommonPasswords(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		readCommonPasswords()
	}
}

func BenchmarkIsCommon(b *testing.B) {
	commonPasswords()
	for b.Loop() {
		isCommon("correct-horse-battery-staple-4417!!")
	}
}
