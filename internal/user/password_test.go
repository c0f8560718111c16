package user

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNormalizePassword(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in, want string
		code     Code
	}{
		"as typed":           {in: " Passw0rd ", want: " Passw0rd "},
		"composed":           {in: "u\u0308ber allem", want: "über allem"},
		"any space":          {in: "a\u00a0b\u3000c\u2003d e", want: "a b c d e"},
		"width is kept":      {in: "ｐａｓｓｗｏｒｄ", want: "ｐａｓｓｗｏｒｄ"},
		"emoji":              {in: "🐴🔋🖇🐎🐴🔋🖇🐎", want: "🐴🔋🖇🐎🐴🔋🖇🐎"},
		"7 characters":       {in: "üüüüüüü", code: CodeTooShort},
		"8 characters":       {in: "üüüüüüüü", want: "üüüüüüüü"},
		"8 when decomposed":  {in: "u\u0308u\u0308u\u0308u\u0308", code: CodeTooShort},
		"128 characters":     {in: strings.Repeat("ü", 128), want: strings.Repeat("ü", 128)},
		"129 characters":     {in: strings.Repeat("ü", 129), code: CodeTooLong},
		"empty":              {in: "", code: CodeRequired},
		"nul":                {in: "passw\x00rd", code: CodeInvalidCharacters},
		"newline":            {in: "passw\nord", code: CodeInvalidCharacters},
		"delete":             {in: "passw\x7ford", code: CodeInvalidCharacters},
		"zero width space":   {in: "pass\u200bword", code: CodeInvalidCharacters},
		"bidi override":      {in: "pass\u202eword", code: CodeInvalidCharacters},
		"private use":        {in: "pass\ue000word", code: CodeInvalidCharacters},
		"invalid utf-8":      {in: "passwor\xff", code: CodeInvalidCharacters},
		"variation selector": {in: "❤\ufe0f❤\ufe0f❤\ufe0f❤\ufe0f", code: CodeInvalidCharacters},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := NormalizePassword(tt.in)
			require.Equal(t, tt.code, CodeOf(err))
			require.Equal(t, tt.want, got)
		})
	}
}

func TestWeakPasswords(t *testing.T) {
	t.Parallel()
	f := validForm()
	for _, password := range []string{
		"password", "password1", "Password1", "P@ssw0rd", "P@ssw0rd1", "Passw0rd2024!", "ｐａｓｓｗｏｒｄ１", "pässwörd1",
		"12345678", "qwertyuiop", "aaaaaaaa", "abcdefgh", "letmein123", "iloveyou2", "19.12.1985", "Summer2024!",
		strings.Repeat("a", 128), strings.Repeat("ж", 8), "абвгдежз",
		"Ada Lovelace1815", "Ada Lovelace-1815", "lovelace1815", "L0vel4ce!2024", "ada.l-2024", "AdaAdaAda", "LovelaceAda!!",
		"ada@example.com", "Example2024!", "example.com!1", "01701234567", "491701234567", "+491701234567", "1701234567!",
	} {
		f.Password = password
		_, err := New(f, Rules{})
		var invalid *ValidationError
		require.ErrorAs(t, err, &invalid, password)
		require.Equal(t, []FieldError{{"password", CodeTooWeak, errPasswordWeak.Message}}, invalid.Fields, password)
	}
}

func TestOwnWordsInOtherScripts(t *testing.T) {
	t.Parallel()
	f := validForm()
	f.FirstName, f.LastName = "Наталья", "José"
	for _, password := range []string{"наталья1990", "НАТАЛЬЯ!!1", "jose2024!", "JOSÉ-2024"} {
		f.Password = password
		_, err := New(f, Rules{})
		require.Error(t, err, password)
	}
}

func TestGoodPasswords(t *testing.T) {
	t.Parallel()
	f := validForm()
	for _, password := range []string{
		"kqzjwvxp", "xK9#mQ2v", "correct horse battery", "Tr0ub4dor&3x", "Ada knows 7 purple whales", "mot de passe à rallonge",
		"длинный пароль лошадь", "正確的馬電池釘書釘", "🐴🔋🖇🐎🍕🚀🎲🦊",
	} {
		f.Password = password
		_, err := New(f, Rules{})
		require.NoError(t, err, password)
	}
}

// A random password can hold a common word by chance, so a few in a thousand are refused: see minWord.
func TestRandomPasswordsPass(t *testing.T) {
	t.Parallel()
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	rng := rand.New(rand.NewPCG(1, 2))
	f := validForm()
	refused := 0
	for range 1000 {
		password := make([]byte, 8)
		for i := range password {
			password[i] = letters[rng.IntN(len(letters))]
		}
		f.Password = string(password)
		if _, err := New(f, Rules{}); err != nil {
			refused++
		}
	}
	require.Less(t, refused, 10)
}

func TestMinPasswordScore(t *testing.T) {
	t.Parallel()
	f := validForm()
	f.Password = "kqzjwvxp"
	for minScore, ok := range map[int]bool{0: true, 1: true, 3: true, 4: false} {
		_, err := New(f, Rules{MinPasswordScore: minScore})
		require.Equal(t, ok, err == nil, "score %d", minScore)
	}
}

// drawPassword draws a password from words of validForm, common words and random characters.
func drawPassword(t *rapid.T) string {
	return rapid.OneOf(
		rapid.StringMatching(`(ada|Lovelace|love|pass|word|example|1701234567|[a-zA-Z0-9@$! ]){1,8}`), rapid.String(),
	).Draw(t, "password")
}

// The strength meter and the registration agree for every password, whatever the rules are.
func TestCheckPasswordAgreesWithNew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := validForm()
		f.Password = drawPassword(t)
		rules := Rules{
			MinPasswordLength: rapid.IntRange(MinPasswordLength, 12).Draw(t, "length"),
			MinPasswordScore:  rapid.IntRange(1, 4).Draw(t, "minimum score"),
			ServiceNames:      []string{"Example"},
		}
		password, score, err := CheckPassword(f, rules)
		require.Equal(t, err == nil, score >= rules.MinPasswordScore)
		require.LessOrEqual(t, score, 4)
		_, registration := New(f, rules)
		if err == nil {
			require.NoError(t, registration)
			normal, err := NormalizePassword(f.Password)
			require.NoError(t, err)
			require.Equal(t, normal, password)
			return
		}
		var invalid *ValidationError
		require.ErrorAs(t, registration, &invalid)
		require.Equal(t, []FieldError{{"password", CodeOf(err), err.Error()}}, invalid.Fields)
	})
}

// A user types a form from top to bottom, so the other fields may be incomplete when the password is checked.
func TestIncompleteFieldsAreWordsForThePassword(t *testing.T) {
	t.Parallel()
	const password = "lovelace-1815!"
	_, before, err := CheckPassword(Form{Password: password}, Rules{})
	require.NoError(t, err)
	for _, f := range []Form{
		{LastName: " lovelace"}, {Email: "lovelace"}, {Email: "a.lovelace@"}, {Username: "lovelace!"}, {FirstName: "\x00 Lovelace"},
	} {
		f.Password = password
		_, score, err := CheckPassword(f, Rules{})
		require.Equal(t, CodeTooWeak, CodeOf(err), "%+v", f)
		require.Less(t, score, before)
	}
}

// Scoring must stay cheap whatever is sent: see scoredCharacters.
func BenchmarkHostilePassword(b *testing.B) {
	f := validForm()
	for name, password := range map[string]string{
		"leet":     "{|1%[7correcthorsebatterystaple" + strings.Repeat("correcthorse", 8),
		"all leet": strings.Repeat("4@8({[<3691!|70$5+%2", 6),
		"keyboard": strings.Repeat("qwerty", 21),
		"own":      strings.Repeat("ada1!", 25),
		"expand":   strings.Repeat("ﷺ", 128),
	} {
		f.Password = password
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = New(f, Rules{})
			}
		})
	}
}
