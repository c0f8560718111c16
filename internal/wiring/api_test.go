package wiring

import (
	"log/slog"
	"net/netip"
	"os"
	"strconv"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"registrar/internal/challenge"
	"registrar/internal/config"
	"registrar/internal/hashprocess"
	"registrar/internal/limit"
	"registrar/internal/metrics"
	"registrar/internal/payload"
	"registrar/internal/secret"
)

func TestMain(m *testing.M) {
	hashprocess.Main()
	os.Exit(m.Run())
}

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
		c, err := config.Load(append(tt.environ, "BRAND_NAME=Acme", "PASSWORD_MIN_LENGTH=12", "CHALLENGE=none"))
		require.NoError(t, err)
		deps := APIDeps(c, Keys{Codec: new(payload.Codec)}, nil, nil, nil, metrics.New(""), nil)
		require.Equal(t, tt.checked, deps.Breach != nil)
		require.Equal(t, tt.required, deps.BreachRequired)
		require.Equal(t, []string{"Acme"}, deps.Rules.ServiceNames)
		require.Equal(t, 12, deps.Rules.MinPasswordLength)
		for _, processes := range []bool{false, true} {
			c.Password.HashProcesses = processes
			hasher, stop, err := OpenHasher(c.Password, nil, slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			defer stop()
			hash, err := hasher.Hash(t.Context(), "correct horse", nil)
			require.NoError(t, err)
			require.Equal(t, tt.params, secret.ParamsOf(hash))
			match, err := argon2id.ComparePasswordAndHash("correct horse", hash)
			require.NoError(t, err)
			require.True(t, match)
		}
	}
}

func TestAdmissionSettings(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"API_MAX_WAIT=1h", "HASH_CONCURRENCY=3", "HASH_QUEUE=40"})
	require.NoError(t, err)
	a := openAdmission(c, metrics.New("test"))
	for range 3 + 40 {
		require.NotNil(t, a.Admit(false))
	}
	require.Nil(t, a.Admit(false))
}

func openKeys(t *testing.T) Keys {
	t.Helper()
	prf, err := secret.GeneratePRF()
	require.NoError(t, err)
	aead, err := secret.GenerateAEAD()
	require.NoError(t, err)
	keys, err := OpenKeys(config.Keys{PRF: prf, Payload: aead})
	require.NoError(t, err)
	return keys
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	keys := openKeys(t)
	for kind, want := range map[string]challenge.Kind{
		"altcha": challenge.KindALTCHA, "turnstile": challenge.KindTurnstile, "hcaptcha": challenge.KindHCaptcha,
	} {
		c, err := config.Load([]string{"CHALLENGE=" + kind, "CHALLENGE_SITE_KEY=site", "CHALLENGE_SECRET=secret", "CHALLENGE_WORK=10"})
		require.NoError(t, err)
		got, err := openChallenges(c.Challenge, keys).New()
		require.NoError(t, err)
		require.Equal(t, want, got.Kind)
		if got.ALTCHA != nil {
			require.EqualValues(t, 10, got.ALTCHA.MaxNumber)
		} else {
			require.Equal(t, "site", got.SiteKey)
		}
	}
	c, err := config.Load([]string{"CHALLENGE=none"})
	require.NoError(t, err)
	require.Nil(t, openChallenges(c.Challenge, keys))
}

// TestLimits uses up each limit of the configuration.
func TestLimits(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{
		"LIMIT_REGISTRATIONS=3/1h", "LIMIT_CODES=4/1h", "LIMIT_READS=5/1h", "LIMIT_PASSWORD_CHECKS=6/1h", "LIMIT_WRONG_TOKENS=1/1h", "LIMIT_REFUSALS=2/1h", "LIMIT_NETWORK_FACTOR=2",
		"LIMIT_DESTINATIONS=0", "LIMIT_DESTINATION_CLIENTS=6/1h", "LIMIT_SMS=7/1h", "LIMIT_SMS_CLIENTS=0", "LIMIT_SMS_CONVERSION=0",
	})
	require.NoError(t, err)
	limits, err := OpenLimits(c.Limit, openKeys(t), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	client := netip.MustParseAddr("192.0.2.1")
	until := func(refused func(n int) bool) (n int) {
		for !refused(n) {
			n++
		}
		return n
	}
	ctx := t.Context()
	require.Equal(t, 3, until(func(int) bool { return limits.Registration(ctx, client) > 0 }))
	require.Equal(t, 4, until(func(int) bool { return limits.Code(ctx, client) > 0 }))
	require.Equal(t, 5, until(func(int) bool { return limits.Read(ctx, client) > 0 }))
	require.Equal(t, 6, until(func(int) bool { return limits.Password(ctx, client) > 0 }))
	limits.WrongToken(ctx, client)
	require.Positive(t, limits.Operator(ctx, client))
	send := func(n int, s limit.Send) bool {
		s.Action, s.Client = strconv.Itoa(n), client
		return limits.Send(ctx, s).Answer != limit.Allow
	}
	require.Equal(t, 6, until(func(n int) bool { return send(n, limit.Send{Destinations: []string{"one"}}) }))
	require.Equal(t, 7, until(func(n int) bool { return send(n, limit.Send{SMS: limit.Route{Country: "DE", Prefix: "+491701"}}) }))
	next := netip.MustParseAddr("192.0.2.2")
	require.Equal(t, 3, until(func(int) bool { return limits.Registration(ctx, next) > 0 }), "twice 3 in the network")
	require.Positive(t, limits.Registration(ctx, netip.MustParseAddr("192.0.2.3")))
}
