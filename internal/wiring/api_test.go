package wiring

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/payload"
	"registrar/internal/secret"
)

func TestPasswordSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		environ           []string
		checked, required bool
		params            string
	}{
		{nil, false, false, "m=19456,t=2,p=1"},
		{[]string{"PASSWORD_BREACH_CHECK=true"}, true, false, "m=19456,t=2,p=1"},
		{[]string{"PASSWORD_BREACH_CHECK=true", "PASSWORD_BREACH_FAIL=closed", "HASH_MEMORY=12288", "HASH_ITERATIONS=3"}, true, true, "m=12288,t=3,p=1"},
	} {
		c, err := config.Load(append(tt.environ, "BRAND_NAME=Acme", "PASSWORD_MIN_LENGTH=12"))
		require.NoError(t, err)
		deps := APIDeps(c, Keys{Codec: new(payload.Codec)}, nil, nil, nil)
		require.Equal(t, tt.checked, deps.Breach != nil)
		require.Equal(t, tt.required, deps.BreachRequired)
		require.Equal(t, []string{"Acme"}, deps.Rules.ServiceNames)
		require.Equal(t, 12, deps.Rules.MinPasswordLength)
		hash, err := deps.Hasher.Hash(t.Context(), "correct horse", nil)
		require.NoError(t, err)
		require.Equal(t, tt.params, secret.ParamsOf(hash))
	}
}
