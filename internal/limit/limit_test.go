package limit

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeStore records its calls.
type fakeStore struct {
	takes func(r Rate, action string, keys []string) (time.Duration, error)
}

func (f *fakeStore) take(_ context.Context, r Rate, action string, keys []string) (time.Duration, error) {
	return f.takes(r, action, keys)
}

func (f *fakeStore) release(context.Context, string, []string) error { return nil }

// hash stands in for a keyed hash.
func hash(parts ...string) string { return "(" + strings.Join(parts, "|") + ")" }

func setup(t *testing.T, change ...func(*Options)) *Limits {
	t.Helper()
	o := Options{
		Registrations: Rate{2, time.Minute}, Codes: Rate{3, time.Minute}, Destinations: Rate{1, time.Hour}, Key: hash,
	}
	for _, c := range change {
		c(&o)
	}
	l, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func TestClients(t *testing.T) {
	t.Parallel()
	l := setup(t)
	one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for range 2 {
		require.Zero(t, l.Registration(t.Context(), one))
	}
	require.Positive(t, l.Registration(t.Context(), one))
	require.Zero(t, l.Registration(t.Context(), other))
	for range 3 {
		require.Zero(t, l.Code(t.Context(), one), "another limit")
	}
	require.Positive(t, l.Code(t.Context(), one))
	for range 5 {
		require.Zero(t, l.Registration(t.Context(), netip.Addr{}), "an unknown client is not counted")
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::": "2001:db8:1:2::/64", "2001:db8:1:3::1": "2001:db8:1:3::/64", "fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, network(netip.MustParseAddr(address)), address)
	}
}

func TestDestinations(t *testing.T) {
	t.Parallel()
	l := setup(t)
	const email, mobile = "zoelle@example.com", "+491701234567"
	require.Zero(t, l.Destinations(t.Context(), "first", email, mobile))
	require.Zero(t, l.Destinations(t.Context(), "first", email, mobile), "the same again")
	require.Positive(t, l.Destinations(t.Context(), "second", email, ""))
	require.Positive(t, l.Destinations(t.Context(), "second", "other@example.com", mobile))
	require.Zero(t, l.Destinations(t.Context(), "second", "other@example.com", ""), "the refusal counted nothing")
	l.Release(t.Context(), "first", email, mobile)
	require.Zero(t, l.Destinations(t.Context(), "third", email, mobile))
	for _, action := range []string{"a", "b"} {
		require.Zero(t, l.Destinations(t.Context(), action, "", ""), "nothing is sent")
		l.Release(t.Context(), action, "")
	}
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	l := setup(t, func(o *Options) { o.Registrations, o.Codes, o.Destinations = Rate{}, Rate{}, Rate{} })
	l.store = nil // which is not asked
	for range 100 {
		require.Zero(t, l.Registration(t.Context(), netip.MustParseAddr("192.0.2.1")))
		require.Zero(t, l.Code(t.Context(), netip.MustParseAddr("192.0.2.1")))
		require.Zero(t, l.Destinations(t.Context(), "one", "zoelle@example.com"))
		l.Release(t.Context(), "one", "zoelle@example.com")
	}
}

func TestStoreGetsOnlyHashes(t *testing.T) {
	t.Parallel()
	l := setup(t, func(o *Options) {
		o.Key = func(parts ...string) string { return strings.Repeat("x", len(parts)) }
	})
	l.store = &fakeStore{func(_ Rate, action string, keys []string) (time.Duration, error) {
		for _, text := range append(keys, action) {
			require.NotContains(t, text, "192.0.2")
			require.NotContains(t, text, "zoelle")
		}
		require.Regexp(t, `^registrar:limit:(registration|destination):xx$`, keys[0])
		return 0, nil
	}}
	l.Registration(t.Context(), netip.MustParseAddr("192.0.2.1"))
	l.Destinations(t.Context(), "action", "zoelle@example.com", "+491701234567")
}

func TestFailingStoreRefusesNoRequest(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.store = &fakeStore{func(Rate, string, []string) (time.Duration, error) { return time.Hour, errors.New("broken") }}
	require.Zero(t, l.Registration(t.Context(), netip.MustParseAddr("192.0.2.1")))
}

func TestBadURLs(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"redis://:s3cret@[::1", "redis://:s3cret@localhost:port", "http://:s3cret@localhost", "redis://:s3cret@localhost/zero",
		"redis://:s3cret@localhost?colour=red", "\x7f:s3cret",
	} {
		_, err := New(Options{Key: hash, RedisURL: address})
		require.Error(t, err, address)
		require.NotContains(t, err.Error(), "s3cret")
	}
	for _, address := range []string{"redis://localhost", "rediss://user:s3cret@valkey.example.com:6380/1"} {
		l, err := New(Options{Key: hash, RedisURL: address})
		require.NoError(t, err, "nothing is connected yet")
		require.NoError(t, l.Close())
	}
}
