package passwordhash_test

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
	"registrar/passwordhash"
)

// vectorsText has hashes that other implementations made (testdata/vectors.py).
//
//go:embed testdata/vectors.json
var vectorsText []byte

type vector struct{ By, Password, Hash string }

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	require.NoError(t, json.Unmarshal(vectorsText, &all))
	return all
}

func TestHashesOfOtherImplementations(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.By, func(t *testing.T) {
			t.Parallel()
			h, err := passwordhash.Parse(v.Hash)
			require.NoError(t, err)
			require.True(t, h.Verify(v.Password))
			require.False(t, h.Verify("X"+v.Password))
			require.False(t, h.Verify(""))

			again, err := passwordhash.Parse(h.String())
			require.NoError(t, err)
			require.Equal(t, h.String(), again.String())
			require.Equal(t, h.Scheme(), again.Scheme())
			require.True(t, again.Verify(v.Password), "the PHC format has everything")
			require.Regexp(t, `^\$(2[aby]|`+string(h.Scheme())+`)\$[!-~]{20,250}$`, h.String())
		})
	}
}

// TestOwnHash verifies a hash that the registrar stored.
func TestOwnHash(t *testing.T) {
	t.Parallel()
	params := secret.CheapParams()
	text, err := secret.NewHasher(secret.HasherOptions{Params: &params}).Hash(t.Context(), "correct horse", nil)
	require.NoError(t, err)
	h, err := passwordhash.Parse(text)
	require.NoError(t, err)
	require.Equal(t, text, h.String())
	require.True(t, h.Verify("correct horse"))
}

func TestRefused(t *testing.T) {
	t.Parallel()
	const salt, digest, bcrypt = "c2FsdHNhbHQ", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "$abcdefghijklmnopqrstuuWfEvd7u0BQCRmZrv5dZJxyzABCDEFG1"
	aspNET := func(head string) string {
		return base64.StdEncoding.EncodeToString([]byte(head + strings.Repeat("x", 48)))
	}
	cases := map[error][]string{
		passwordhash.ErrUnknown: {
			"", "secret", "5f4dcc3b5aa765d61d8327deb882cf99", "$1$abc$def", "$6$rounds=5000$salt$digest", "{SSHA}abc", "!",
			aspNET("\x02"), aspNET("\x01\x00\x00\x00\x09\x00\x00\x00\x09\x00\x00\x00\x09"), aspNET("\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x09"),
			aspNET("\x01\x00\x00\x00\x01\x00\x00\x00\x09\xff\xff\xff\xff"),
		},
		passwordhash.ErrBroken: {
			"$argon2id$", "$argon2d$v=19$m=8,t=1,p=1$" + salt + "$" + digest, "$argon2id$v=16$m=8,t=1,p=1$" + salt + "$" + digest,
			"$argon2id$v=19$m=8,t=0,p=1$" + salt + "$" + digest, "$argon2id$v=19$m=8,t=1,p=1$" + salt + "$abc",
			"$argon2id$v=19$m=8,t=1,p=1$$" + digest, "$argon2id$v=19$m=8,t=1,p=1$!!$" + digest,
			"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + digest + "$", "$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + digest + "\n",
			"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + strings.Repeat(digest, 3),
			"$2b$03" + bcrypt, "$2x$05" + bcrypt, "$2b$05" + bcrypt[1:], "$2b$05" + bcrypt + "é", "$2b$",
			"$scrypt$ln=0,r=8,p=1$" + salt + "$" + digest, "scrypt$1000$salt$8$1$" + digest, "scrypt:1024:8:1$salt$zz", "scrypt:1024:8:1$salt$abc",
			"$pbkdf2-md5$i=1000$" + salt + "$" + digest, "$pbkdf2-sha256$i=0$" + salt + "$" + digest, "pbkdf2_sha256$1000$$" + digest,
			"pbkdf2_sha256$1000$salt$", "pbkdf2:sha256:1000$salt$abc", "$pbkdf2-sha256$" + strings.Repeat("a", 1000),
			"$pbkdf2-sha256$i=1000$" + strings.Repeat("a", 180) + "$" + strings.Repeat("a", 80),
		},
		passwordhash.ErrCost: {
			"$argon2id$v=19$m=1048577,t=1,p=1$" + salt + "$" + digest, "$argon2id$v=19$m=8,t=21,p=1$" + salt + "$" + digest,
			"$argon2i$v=19$m=8,t=1,p=17$" + salt + "$" + digest, "$2b$17" + bcrypt, "$2b$31" + bcrypt,
			"$scrypt$ln=21,r=8,p=1$" + salt + "$" + digest, "$scrypt$ln=99,r=8,p=1$" + salt + "$" + digest, "$scrypt$ln=10,r=8,p=17$" + salt + "$" + digest,
			"$argon2id$v=19$m=1048576,t=5,p=1$" + salt + "$" + digest, "$scrypt$ln=20,r=8,p=2$" + salt + "$" + digest,
			"$scrypt$ln=1,r=1048576,p=16$" + salt + "$" + digest,
			"$scrypt$ln=30,r=999999999,p=1$" + salt + "$" + digest, "scrypt$536870912$salt$8$1$" + digest, "pbkdf2_sha256$10000001$salt$" + digest,
			aspNET("\x01\x00\x00\x00\x01\x7f\xff\xff\xff\x00\x00\x00\x09"),
		},
	}
	for want, texts := range cases {
		for _, text := range texts {
			h, err := passwordhash.Parse(text)
			require.ErrorIs(t, err, want, "%q", text)
			require.False(t, h.Verify(""), "%q", text)
			if len(text) > 20 {
				require.NotContains(t, err.Error(), text[:20])
			}
		}
	}
}

func TestLongPassword(t *testing.T) {
	t.Parallel()
	h, err := passwordhash.Parse("$2y$05$" + strings.Repeat("a", 53))
	require.NoError(t, err)
	require.False(t, h.Verify(strings.Repeat("x", 1<<20)))
}

// FuzzParse checks that what Parse accepts fits the limits and is read again. It verifies nothing, because that is slow.
func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Hash)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := passwordhash.Parse(text)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(h.String()), passwordhash.MaxLength)
		again, err := passwordhash.Parse(h.String())
		require.NoError(t, err)
		require.Equal(t, h.String(), again.String())
	})
}

func ExampleParse() {
	h, err := passwordhash.Parse("pbkdf2_sha256$1000$seasalt$+hs9qSCcGyNSGDNojIEbomuX9WI/mzTF5yfwAXqyKOo=")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(h.Scheme())
	fmt.Println(h)
	fmt.Println(h.Verify("secret"), h.Verify("guess"))
	// Output:
	// pbkdf2-sha256
	// $pbkdf2-sha256$i=1000$c2Vhc2FsdA$+hs9qSCcGyNSGDNojIEbomuX9WI/mzTF5yfwAXqyKOo
	// true false
}
