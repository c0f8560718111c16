package limit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeStore records its calls.
type fakeStore struct {
	takes func(action string, slots []slot) ([]usage, error)
}

func (f *fakeStore) take(_ context.Context, action string, slots []slot) ([]usage, error) {
	return f.takes(action, slots)
}

func (f *fakeStore) release(context.Context, string, []slot) error { return nil }
func (f *fakeStore) forget(context.Context, []slot) error          { return errors.New("broken") }

// hash stands in for a keyed hash.
func hash(parts ...string) string { return "(" + strings.Join(parts, "|") + ")" }

func setup(t *testing.T, change ...func(*Options)) *Limits {
	t.Helper()
	o := Options{
		Clients: Clients{
			Registrations: []Rate{{2, time.Minute}}, Codes: []Rate{{3, time.Minute}}, Reads: []Rate{{4, time.Minute}},
			Refusals: []Rate{{2, time.Hour}}, WrongTokens: []Rate{{2, time.Minute}}, NetworkFactor: 2,
		},
		Messages: Messages{Destinations: []Rate{{3, time.Hour}}, DestinationClients: []Rate{{1, time.Hour}}},
		Key:      hash,
	}
	for _, c := range change {
		c(&o)
	}
	l, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

var one, other = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.2")

func TestClients(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for range 2 {
		require.Zero(t, l.Registration(t.Context(), one))
	}
	require.Positive(t, l.Registration(t.Context(), one))
	require.Zero(t, l.Registration(t.Context(), other))
	for range 3 {
		require.Zero(t, l.Code(t.Context(), one), "another limit")
	}
	require.Positive(t, l.Code(t.Context(), one))
	for range 4 {
		require.Zero(t, l.Read(t.Context(), one))
	}
	require.Positive(t, l.Read(t.Context(), one))
	for range 5 {
		require.Zero(t, l.Registration(t.Context(), netip.Addr{}), "an unknown client is not counted")
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	v4 := func(client, wider string) []network { return []network{{client, 1}, {wider, 4}} }
	v6 := func(client, wider, widest string) []network { return []network{{client, 1}, {wider, 4}, {widest, 16}} }
	for address, want := range map[string][]network{
		"192.0.2.1":             v4("192.0.2.1", "192.0.2.0/24"),
		"::ffff:192.0.2.1":      v4("192.0.2.1", "192.0.2.0/24"),
		"2001:db8:1:203:4:5::6": v6("2001:db8:1:203::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"),
		"2001:db8:1:2ff::":      v6("2001:db8:1:2ff::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"),
		"fe80::1%eth0":          v6("fe80::/64", "fe80::/56", "fe80::/48"),
	} {
		require.Equal(t, want, networks(netip.MustParseAddr(address), 4), address)
	}
	require.Equal(t, "192.0.2.1", site(netip.MustParseAddr("::ffff:192.0.2.1")))
	require.Equal(t, "2001:db8:1::/48", site(netip.MustParseAddr("2001:db8:1:203::1")))
}

// TestClientWithManyAddresses sends each request from another /64, or another IPv4 address, of one network.
func TestClientWithManyAddresses(t *testing.T) {
	t.Parallel()
	allowed := func(l *Limits, format string, n int) (count int) {
		for i := range n {
			if l.Registration(t.Context(), netip.MustParseAddr(fmt.Sprintf(format, i))) == 0 {
				count++
			}
		}
		return count
	}
	require.Equal(t, 4, allowed(setup(t), "2001:db8:1:2%02x::1", 200), "a /56")
	require.Equal(t, 8, allowed(setup(t), "2001:db8:1:%x00::1", 200), "a /48")
	require.Equal(t, 4, allowed(setup(t), "192.0.2.%d", 200), "a /24")
	unlimited := func(o *Options) { o.Clients.NetworkFactor = 0 }
	require.Equal(t, 200, allowed(setup(t, unlimited), "2001:db8:1:2%02x::1", 200))
}

// TestCheapRequestsDropNoOtherCounts fills the memory of a process with requests from eight networks.
func TestCheapRequestsDropNoOtherCounts(t *testing.T) {
	t.Parallel()
	l := setup(t, func(o *Options) {
		o.Clients.Reads, o.Clients.Codes = []Rate{{1000, time.Hour}}, []Rate{{1000, time.Hour}}
		o.Clients.Registrations, o.Clients.WrongTokens = []Rate{{1000, time.Hour}}, []Rate{{1000, time.Hour}}
		o.SMS.Total = []Rate{{1, time.Hour}}
	})
	require.Equal(t, Allow, l.Send(t.Context(), send("first", one, email)).Answer)
	require.Equal(t, Allow, l.Send(t.Context(), sms("first SMS", route)).Answer)
	require.True(t, l.Spend(t.Context(), "solution", "first", time.Hour))
	l.Refused(t.Context(), one, "first")
	l.Refused(t.Context(), one, "second")

	for i := range maxActions / 8 { // with three counts for each of four requests
		client := netip.MustParseAddr(fmt.Sprintf("2001:db8:%x:%x::1", i%8, i/8))
		l.Read(t.Context(), client)
		l.Code(t.Context(), client)
		l.Registration(t.Context(), client)
		l.WrongToken(t.Context(), client)
	}
	require.Equal(t, Refuse, l.Send(t.Context(), send("second", one, email)).Answer)
	require.Equal(t, NotSupported, l.Send(t.Context(), sms("second SMS", route)).Answer)
	require.False(t, l.Spend(t.Context(), "solution", "second", time.Hour))
	require.Positive(t, l.Registration(t.Context(), one))
}

// TestRefusals checks that a client cannot ask without limit which addresses are taken.
func TestRefusals(t *testing.T) {
	t.Parallel()
	l := setup(t, func(o *Options) { o.Clients.Registrations = nil })
	for range 5 {
		require.Zero(t, l.Registration(t.Context(), one))
		l.Refused(t.Context(), one, "the same registration")
	}
	l.Refused(t.Context(), one, "another registration")
	require.Greater(t, l.Registration(t.Context(), one), 59*time.Minute)
	require.Zero(t, l.Registration(t.Context(), other))
}

// TestRefusalsOfNetworks refuses registrations from every address of a network but one. Only an IPv6 network is one customer.
func TestRefusalsOfNetworks(t *testing.T) {
	t.Parallel()
	l := setup(t)
	last := func(format string) time.Duration {
		for i := range 99 {
			client := netip.MustParseAddr(fmt.Sprintf(format, i))
			l.Refused(t.Context(), client, client.String()+" first")
			l.Refused(t.Context(), client, client.String()+" second")
		}
		return l.Registration(t.Context(), netip.MustParseAddr(fmt.Sprintf(format, 99)))
	}
	require.Zero(t, last("203.0.113.%d"))
	require.Zero(t, last("::ffff:198.51.100.%d"))
	require.Positive(t, last("2001:db8:1:2%02x::1"))
	require.Positive(t, last("2001:db8:2:%x00::1"))
}

func TestWrongTokens(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for range 2 {
		require.Zero(t, l.Operator(t.Context(), one))
		l.WrongToken(t.Context(), one)
	}
	for range 5 {
		require.Positive(t, l.Operator(t.Context(), one))
		require.Zero(t, l.Operator(t.Context(), other))
	}
}

const email, mobile = "zoelle@example.com", "+491701234567"

func send(action string, client netip.Addr, destinations ...string) Send {
	return Send{Action: action, Client: client, Destinations: destinations}
}

func TestDestinations(t *testing.T) {
	t.Parallel()
	l := setup(t)
	ask := func(s Send) Answer { return l.Send(t.Context(), s).Answer }
	require.Equal(t, Allow, ask(send("first", one, email, mobile)))
	require.Equal(t, Allow, ask(send("first", one, email, mobile)), "the same again")
	require.Equal(t, Refuse, ask(send("second", one, email, "")))
	require.Equal(t, Refuse, ask(send("second", one, "other@example.com", mobile)))
	require.Equal(t, Allow, ask(send("second", one, "other@example.com", "")), "the refusal counted nothing")
	l.Release(t.Context(), send("first", one, email, mobile))
	require.Equal(t, Allow, ask(send("third", one, email, mobile)))
	for _, action := range []string{"a", "b"} {
		require.Equal(t, Allow, ask(send(action, one, "", "")), "nothing is sent")
		l.Release(t.Context(), send(action, one, ""))
	}
}

// TestStrangersLockNobodyOut has strangers that ask for messages to one destination as often as they may.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for i := range 100 { // one stranger with a /48 of IPv6
		stranger := netip.MustParseAddr(fmt.Sprintf("2001:db8:1:%x::1", i))
		verdict := l.Send(t.Context(), send("v6-"+strconv.Itoa(i), stranger, email))
		require.Equal(t, i > 0, verdict.Answer == Refuse)
	}
	require.Equal(t, Allow, l.Send(t.Context(), send("owner", one, email)).Answer)
	l.Release(t.Context(), send("owner", one, email))

	for i := range 100 { // many strangers together
		l.Send(t.Context(), send("v4-"+strconv.Itoa(i), netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", i)), email))
	}
	owner := send("owner again", one, email)
	verdict := l.Send(t.Context(), owner)
	require.Equal(t, Challenge, verdict.Answer)
	require.Greater(t, verdict.Wait, 59*time.Minute)
	owner.Solved = true
	require.Equal(t, Allow, l.Send(t.Context(), owner).Answer)
	owner.Action = "third"
	require.Equal(t, Refuse, l.Send(t.Context(), owner).Answer, "one client's part is limited all the same")
}

var route = Route{Country: "DE", Prefix: "+491701"}

func sms(action string, r Route) Send { return Send{Action: action, Client: one, SMS: r} }

func TestSMS(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	l := setup(t, func(o *Options) {
		o.SMS = SMS{Total: []Rate{{20, time.Hour}}, Countries: []Rate{{10, time.Hour}, {15, 24 * time.Hour}}, Prefixes: []Rate{{5, time.Hour}}}
		o.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	})
	allowed := map[Route]int{}
	for _, r := range []Route{route, {"DE", "+491511"}, {"DE", "+491522"}, {"FR", "+33612"}, {"AT", "+43664"}} {
		for i := range 10 {
			if verdict := l.Send(t.Context(), sms(r.Prefix+strconv.Itoa(i), r)); verdict.Answer == Allow {
				allowed[r]++
			} else {
				require.Equal(t, NotSupported, verdict.Answer)
			}
		}
	}
	require.Equal(t, map[Route]int{route: 5, {"DE", "+491511"}: 5, {"FR", "+33612"}: 5, {"AT", "+43664"}: 5}, allowed)
	warnings := strings.Split(strings.TrimSpace(logs.String()), "\n")
	require.Len(t, warnings, 6, "one for the total, one for DE, one for each prefix with SMS: %s", logs.String())
	require.Contains(t, warnings[0], "level=WARN")
	require.Contains(t, warnings[0], "limit=prefix country=DE prefix=+491701 used=4 max=5")
}

func TestClientWithManyNumbers(t *testing.T) {
	t.Parallel()
	l := setup(t, func(o *Options) { o.SMS.Clients = []Rate{{2, time.Hour}, {5, 24 * time.Hour}} })
	ask := func(action string, solved bool) Verdict {
		s := sms(action, route)
		s.Solved = solved
		return l.Send(t.Context(), s)
	}
	for i, want := range []Answer{Allow, Allow, Challenge} {
		require.Equal(t, want, ask(strconv.Itoa(i), false).Answer)
	}
	require.Equal(t, Allow, l.Send(t.Context(), send("an email", one, email)).Answer)
	for i := range 3 {
		require.Equal(t, Allow, ask("solved "+strconv.Itoa(i), true).Answer)
	}
	for _, solved := range []bool{true, false} {
		verdict := ask("one too many", solved)
		require.Equal(t, Refuse, verdict.Answer, "a solution lifts only the shorter rate")
		require.Greater(t, verdict.Wait, 23*time.Hour)
	}
	for i := range 3 { // other addresses of the /24, which are not refused
		s := sms("neighbour "+strconv.Itoa(i), route)
		s.Client, s.Solved = netip.MustParseAddr("192.0.2."+strconv.Itoa(10+i)), true
		require.Equal(t, Allow, l.Send(t.Context(), s).Answer)
	}
}

// TestConversion sends codes that nobody enters to one prefix, and codes of which some are entered to another.
func TestConversion(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	l := setup(t, func(o *Options) {
		o.SMS.Conversion = Conversion{MinSent: 10, MinPercent: 20}
		o.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	})
	fraud, good := Route{"DE", "+491511"}, route
	sent := map[Route]int{}
	for i := range 40 {
		for _, r := range []Route{fraud, good} {
			action := r.Prefix + strconv.Itoa(i)
			if l.Send(t.Context(), sms(action, r)).Answer != Allow {
				continue
			}
			l.CodeSent(t.Context(), r, action)
			sent[r]++
			if r == good && i%4 == 0 {
				l.CodeEntered(t.Context(), r, action)
			}
		}
	}
	require.Equal(t, map[Route]int{fraud: 10, good: 40}, sent)
	require.Equal(t, 1, strings.Count(logs.String(), "level=WARN"), logs.String())
	require.Contains(t, logs.String(), "country=DE prefix=+491511 sent=10 entered=0")
	for i := range 3 { // users enter their codes after all
		l.CodeEntered(t.Context(), fraud, strconv.Itoa(i))
	}
	require.Equal(t, Allow, l.Send(t.Context(), sms("later", fraud)).Answer)
}

func TestSolutionIsForOneAction(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for range 3 {
		require.True(t, l.Spend(t.Context(), "solution", "one", time.Minute))
		require.False(t, l.Spend(t.Context(), "solution", "another", time.Minute))
	}
	require.True(t, l.Spend(t.Context(), "another solution", "another", time.Minute))
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	l, err := New(Options{Key: hash})
	require.NoError(t, err)
	l.store = nil // which is not asked
	all := send("action", one, email, mobile)
	all.SMS = route
	for range 100 {
		require.Zero(t, l.Registration(t.Context(), one))
		require.Zero(t, l.Code(t.Context(), one))
		require.Zero(t, l.Read(t.Context(), one))
		require.Zero(t, l.Operator(t.Context(), one))
		l.WrongToken(t.Context(), one)
		l.Refused(t.Context(), one, "action")
		require.Equal(t, Verdict{}, l.Send(t.Context(), all))
		l.Release(t.Context(), all)
		l.CodeSent(t.Context(), route, "action")
		l.CodeEntered(t.Context(), route, "action")
	}
}

func TestStoreGetsOnlyHashes(t *testing.T) {
	t.Parallel()
	l := setup(t, func(o *Options) {
		o.Key = func(parts ...string) string { return strings.Repeat("x", len(parts)) }
		o.SMS = SMS{Total: []Rate{{9, time.Hour}}, Countries: []Rate{{9, time.Hour}}, Clients: []Rate{{9, time.Hour}}}
	})
	l.store = &fakeStore{func(action string, slots []slot) ([]usage, error) {
		require.NotContains(t, action, "192.0.2")
		for _, s := range slots {
			require.Regexp(t, `^registrar:limit:[a-z-]+:xxx$`, s.key)
		}
		return make([]usage, len(slots)), nil
	}}
	l.Registration(t.Context(), one)
	all := send("action", one, email, mobile)
	all.SMS = route
	l.Send(t.Context(), all)
}

func TestFailingStoreRefusesNoRequest(t *testing.T) {
	t.Parallel()
	l := setup(t)
	l.store = &fakeStore{func(string, []slot) ([]usage, error) { return []usage{{wait: time.Hour}}, errors.New("broken") }}
	require.Zero(t, l.Registration(t.Context(), one))
	require.Equal(t, Allow, l.Send(t.Context(), send("action", one, email)).Answer)
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

func TestForget(t *testing.T) {
	t.Parallel()
	rates := []Rate{{2, time.Hour}, {3, 24 * time.Hour}}
	l := setup(t, func(o *Options) { o.Messages = Messages{Destinations: rates} })
	email, mobile := DestinationKey(l.Key, "ada@example.com"), DestinationKey(l.Key, "+491701234567")
	use := func(destination string, actions ...string) (last Verdict) {
		for _, action := range actions {
			last = l.Send(t.Context(), Send{Action: action, Destinations: []string{destination}})
		}
		return last
	}
	for _, destination := range []string{email, mobile, "other"} {
		require.Equal(t, Challenge, use(destination, "1", "2", "3").Answer)
	}
	require.NoError(t, l.Forget(t.Context(), "ada@example.com", "+491701234567"))
	require.Equal(t, Allow, use(email, "4").Answer)
	require.Equal(t, Allow, use(mobile, "4").Answer)
	require.Equal(t, Challenge, use("other", "4").Answer)
	require.NoError(t, l.Forget(t.Context(), "", ""), "a user without destinations")

	l.store = &fakeStore{}
	require.EqualError(t, l.Forget(t.Context(), "ada@example.com", ""), "forget the counts of a destination: broken")
	require.Empty(t, DestinationKey(l.Key, ""))
}
