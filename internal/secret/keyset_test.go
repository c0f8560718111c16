package secret

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

func keyIDs(t *testing.T, handle *keyset.Handle) (ids []uint32, primary uint32) {
	t.Helper()
	for _, info := range handle.KeysetInfo().GetKeyInfo() {
		ids = append(ids, info.GetKeyId())
	}
	return ids, handle.KeysetInfo().GetPrimaryKeyId()
}

func TestKeysetRotation(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]struct {
		generate func() (string, error)
		parse    func(string) (*keyset.Handle, error)
	}{
		"prf":  {GeneratePRF, ParsePRF},
		"aead": {GenerateAEAD, ParseAEAD},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, err := kind.generate()
			require.NoError(t, err)
			require.NotContains(t, before, "\n")
			added, err := AddKey(before)
			require.NoError(t, err)
			promoted, err := Promote(added)
			require.NoError(t, err)

			handle, err := kind.parse(before)
			require.NoError(t, err)
			oldIDs, oldPrimary := keyIDs(t, handle)
			handle, err = kind.parse(" " + added + "\n")
			require.NoError(t, err)
			newIDs, stillPrimary := keyIDs(t, handle)
			require.Equal(t, oldIDs, newIDs[:1])
			require.Len(t, newIDs, 2)
			require.Equal(t, oldPrimary, stillPrimary)
			handle, err = kind.parse(promoted)
			require.NoError(t, err)
			ids, primary := keyIDs(t, handle)
			require.Equal(t, newIDs, ids)
			require.Equal(t, newIDs[1], primary)
		})
	}
}

func TestGenerateIsRandom(t *testing.T) {
	t.Parallel()
	a, err := GeneratePRF()
	require.NoError(t, err)
	b, err := GeneratePRF()
	require.NoError(t, err)
	require.NotEqual(t, a, b)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/prf.json")
	require.NoError(t, err)
	json := string(file)
	aeadText, err := GenerateAEAD()
	require.NoError(t, err)
	prfText, err := GeneratePRF()
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"empty":            {"", errNotKeyset},
		"not base64":       {"not a keyset!", errNotKeyset},
		"not a keyset":     {base64.StdEncoding.EncodeToString([]byte("something else")), errNotKeyset},
		"cut off":          {prfText[:len(prfText)/2], errNotKeyset},
		"cut-off json":     {json[:len(json)-5], errNotKeyset},
		"no key":           {"{}", errNotKeyset},
		"disabled primary": {strings.Replace(json, `"primaryKeyId": 3003`, `"primaryKeyId": 1001`, 1), errNotKeyset},
		"missing primary":  {strings.Replace(json, `"primaryKeyId": 3003`, `"primaryKeyId": 9`, 1), errNotKeyset},
		"twice one id":     {strings.Replace(json, `"keyId": 2002`, `"keyId": 3003`, 1), errNotKeyset},
		"of the other use": {aeadText, errNotPRF},
		"another prf":      {generated(t, prf.AESCMACPRFKeyTemplate()), errNotPRF},
		"another hash":     {generated(t, prf.HMACSHA512PRFKeyTemplate()), errNotPRF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParsePRF(tt.text)
			require.ErrorIs(t, err, tt.want)
		})
	}
	for _, text := range []string{prfText, generated(t, aead.AES128GCMKeyTemplate()), generated(t, aead.AES256GCMNoPrefixKeyTemplate())} {
		_, err := ParseAEAD(text)
		require.ErrorIs(t, err, errNotAEAD)
	}
}

func TestRotationRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"garbage": "garbage", "another kind": generated(t, aead.AES128GCMKeyTemplate())} {
		_, err := AddKey(text)
		require.Error(t, err, name)
		_, err = Promote(text)
		require.Error(t, err, name)
	}
}

func TestPromoteRefusesDisabledKey(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/prf.json")
	require.NoError(t, err)
	text := strings.Replace(string(file), `"primaryKeyId": 3003`, `"primaryKeyId": 2002`, 1)
	last := strings.LastIndex(text, `"ENABLED"`)
	_, err = Promote(text[:last] + `"DISABLED"` + text[last+len(`"ENABLED"`):])
	require.Error(t, err)
}

func TestErrorsContainNoKeyMaterial(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/prf.json")
	require.NoError(t, err)
	const material = "EgIIAxogICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
	require.Contains(t, string(file), material)
	for _, text := range []string{
		strings.ReplaceAll(string(file), material, material+"!"),
		strings.ReplaceAll(string(file), "HmacPrfKey", "NoSuchKey"),
		strings.ReplaceAll(string(file), `"value"`, `"vaule"`),
		material,
	} {
		for _, use := range []func() error{
			func() error { _, err := ParsePRF(text); return err },
			func() error { _, err := AddKey(text); return err },
			func() error { _, err := Promote(text); return err },
		} {
			err := use()
			require.Error(t, err)
			require.NotContains(t, err.Error(), material[10:20])
		}
	}
}

func generated(t *testing.T, template *tinkpb.KeyTemplate) string {
	t.Helper()
	text, err := generate(template)
	require.NoError(t, err)
	return text
}
