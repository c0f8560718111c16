package wiring_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/secret"
	"registrar/internal/wiring"
)

func newKeys(t *testing.T) config.Keys {
	t.Helper()
	prf, err := secret.GeneratePRF()
	require.NoError(t, err)
	aead, err := secret.GenerateAEAD()
	require.NoError(t, err)
	return config.Keys{PRF: prf, Payload: aead}
}

func TestOpenKeys(t *testing.T) {
	t.Parallel()
	keys, err := wiring.OpenKeys(newKeys(t))
	require.NoError(t, err)
	require.NotNil(t, keys.Ring)
	require.NotNil(t, keys.Codec)
}

func TestOpenKeysShowsNoKey(t *testing.T) {
	t.Parallel()
	good := newKeys(t)
	corrupt := func(text string) string { return text[:len(text)/2] }
	for name, c := range map[string]struct {
		keys  config.Keys
		names string
	}{
		"no PRF":           {config.Keys{Payload: good.Payload}, "PRF_KEYSET: "},
		"no payload":       {config.Keys{PRF: good.PRF}, "PAYLOAD_KEYSET: "},
		"swapped":          {config.Keys{PRF: good.Payload, Payload: good.PRF}, "PRF_KEYSET: "},
		"twice the PRF":    {config.Keys{PRF: good.PRF, Payload: good.PRF}, "PAYLOAD_KEYSET: "},
		"half a PRF":       {config.Keys{PRF: corrupt(good.PRF), Payload: good.Payload}, "PRF_KEYSET: "},
		"half a payload":   {config.Keys{PRF: good.PRF, Payload: corrupt(good.Payload)}, "PAYLOAD_KEYSET: "},
		"quoted":           {config.Keys{PRF: `"` + good.PRF + `"`, Payload: good.Payload}, "PRF_KEYSET: "},
		"broken JSON":      {config.Keys{PRF: `{"key":["` + good.PRF + `"]}`, Payload: good.Payload}, "PRF_KEYSET: "},
		"a stranger's":     {config.Keys{PRF: base64.StdEncoding.EncodeToString([]byte("hunter2")), Payload: good.Payload}, "PRF_KEYSET: "},
		"payload a phrase": {config.Keys{PRF: good.PRF, Payload: "hunter2"}, "PAYLOAD_KEYSET: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := wiring.OpenKeys(c.keys)
			require.ErrorContains(t, err, c.names)
			for _, text := range []string{c.keys.PRF, c.keys.Payload, "hunter2"} {
				for piece := range strings.SplitSeq(text, `"`) {
					if len(piece) > 6 {
						require.NotContains(t, err.Error(), piece[:6])
					}
				}
			}
		})
	}
}
