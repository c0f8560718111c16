package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
)

// FuzzSettings gives any value to one variable.
func FuzzSettings(f *testing.F) {
	const secret = "Zq7-never-in-an-error"
	all := config.Variables()
	for i, v := range all {
		for _, value := range []string{v.Example, "", "0", "-1", "9223372036854775808", "x", "\n", "::", "0.0.0.0/0", "https://a/b", "1h", "60/1m"} {
			f.Add(uint16(i), value)
		}
	}
	f.Fuzz(func(t *testing.T, index uint16, value string) {
		if strings.Contains(value, "\x00") {
			return // an environment cannot hold it
		}
		v := all[int(index)%len(all)]
		if v.Secret {
			value = value[:len(value)/2] + secret + value[len(value)/2:]
		}
		c, err := config.Load([]string{v.Name + "=" + value})
		if err != nil {
			require.NotContains(t, err.Error(), secret)
			for line := range strings.SplitSeq(err.Error(), "\n") {
				require.Regexp(t, `^[A-Z_]+: `, line, "each problem has one line")
			}
			return
		}
		requireBounds(t, c)
	})
}

// requireBounds checks settings whose bad values would stop registrations or open the service.
func requireBounds(t *testing.T, c config.Config) {
	t.Helper()
	r := c.Registration
	require.True(t, r.CodeAttempts >= 1 && r.CodeAttempts <= 20, r.CodeAttempts)
	require.True(t, c.Password.MinPasswordScore >= 1 && c.Password.MinPasswordScore <= 4, c.Password.MinPasswordScore)
	require.GreaterOrEqual(t, r.VerificationWindow, r.CodeTTL)
	require.GreaterOrEqual(t, r.ParkingTime, r.VerificationWindow)
	for _, positive := range []time.Duration{
		c.API.WaitBudget, c.API.ShutdownTimeout, r.CodeTTL, r.ResendCooldown, c.Database.MaxLifetime, c.Worker.StopTimeout,
	} {
		require.Positive(t, positive)
	}
	for _, rate := range slices.Concat(c.Limit.RegistrationRate, c.Limit.CodeRate, c.Limit.DestinationRate, c.Limit.SMSRate) {
		require.True(t, rate.Max > 0 && rate.Period >= time.Second, rate)
	}
	for _, network := range c.API.TrustedProxies {
		require.True(t, network.IsValid() && network.Bits() > 0)
	}
	for _, origin := range c.API.CORSOrigins {
		require.Regexp(t, `^[a-z][a-z0-9+.-]*://[^/*, @]+$`, origin)
	}
	require.True(t, c.Codec.Token == "" || len(c.Codec.Token) >= 16)
	for _, o := range c.API.Operators() {
		require.GreaterOrEqual(t, len(o.Token), 16)
		require.True(t, o.Name != "" && len(o.Name) <= 32 && len(o.Scopes) > 0)
	}
	require.LessOrEqual(t, r.CodeAttempts*(r.Resends+1), 100)
	require.LessOrEqual(t, r.CodeTTL, time.Hour)
}
