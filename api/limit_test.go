package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/gate"
	"registrar/internal/limit"
	"registrar/internal/message"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// fakeLimits allows every call for which it has no function.
type fakeLimits struct {
	unlimited
	registration, code func(client netip.Addr) time.Duration
}

func (f fakeLimits) Registration(_ context.Context, client netip.Addr) time.Duration {
	if f.registration == nil {
		return 0
	}
	return f.registration(client)
}

func (f fakeLimits) Code(_ context.Context, client netip.Addr) time.Duration {
	if f.code == nil {
		return 0
	}
	return f.code(client)
}

// setupLimits counts in memory, with a limit of registrations and corrections per hour, destination and client.
func setupLimits(t *testing.T, most int, changes ...func(*Deps)) *service {
	t.Helper()
	limits, err := limit.New(limit.Options{
		Key: keyring().LimitKey, Messages: limit.Messages{DestinationClients: []limit.Rate{{Max: most, Period: time.Hour}}},
	})
	require.NoError(t, err)
	return setup(t, append(changes, func(d *Deps) { d.Limits = limits })...)
}

func requireLimited(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	requireProblem(t, w, 429, openapi.ProblemCodeRateLimited)
	require.Equal(t, "3600", w.Header().Get("Retry-After"))
}

func TestClientsAreLimited(t *testing.T) {
	t.Parallel()
	tooOften := func(wait time.Duration) func(netip.Addr) time.Duration {
		return func(client netip.Addr) time.Duration {
			require.Equal(t, "192.0.2.1", client.String())
			return wait
		}
	}
	s := setup(t, func(d *Deps) {
		d.Limits = fakeLimits{registration: tooOften(1001 * time.Millisecond), code: tooOften(time.Millisecond)}
		d.Hasher, d.Engine = nil, nil // which are not asked
	})
	for path, retry := range map[string]string{registrations: "2", verificationPath: "1", otpPath: "1"} {
		for _, body := range []string{with(validBody(), nil), "no JSON"} {
			w := s.send(t, "POST", path, body)
			requireProblem(t, w, 429, openapi.ProblemCodeRateLimited)
			require.Equal(t, retry, w.Header().Get("Retry-After"), path)
		}
	}
	require.Equal(t, 200, s.send(t, "GET", "/healthz", "").Code)
	requireProblem(t, s.send(t, "DELETE", registrations, ""), 405, openapi.ProblemCodeMethodNotAllowed)
}

// TestClientAddress has the peer 192.0.2.1.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		trusted   string
		forwarded []string // a header each
		client    string
	}{
		{"no trusted proxy", "", []string{"198.51.100.7"}, "192.0.2.1"},
		{"another is trusted", "10.0.0.0/8", []string{"198.51.100.7"}, "192.0.2.1"},
		{"no header", "192.0.2.0/24", nil, "192.0.2.1"},
		{"one proxy", "192.0.2.0/24", []string{"198.51.100.7"}, "198.51.100.7"},
		{"a forged part in front", "192.0.2.0/24", []string{"203.0.113.66, 198.51.100.7"}, "198.51.100.7"},
		{"a forged header in front", "192.0.2.0/24", []string{"203.0.113.66", "198.51.100.7"}, "198.51.100.7"},
		{"two proxies", "192.0.2.0/24", []string{"198.51.100.7, 192.0.2.9"}, "198.51.100.7"},
		{"two proxies, a forged part", "192.0.2.0/24", []string{"203.0.113.66, 198.51.100.7, 192.0.2.9"}, "198.51.100.7"},
		{"nonsense in front", "192.0.2.0/24", []string{"zoelle", "198.51.100.7"}, "198.51.100.7"},
		{"nonsense", "192.0.2.0/24", []string{"198.51.100.7, zoelle"}, "192.0.2.1"},
		{"a proxy, then nonsense", "192.0.2.0/24", []string{"198.51.100.7, zoelle, 192.0.2.9"}, "192.0.2.9"},
		{"IPv6", "192.0.2.0/24", []string{"2001:db8::1"}, "2001:db8::1"},
		{"with a port", "192.0.2.0/24", []string{"198.51.100.7:51234, 192.0.2.9:443"}, "198.51.100.7"},
		{"IPv6 with a port", "192.0.2.0/24", []string{`203.0.113.66, "[2001:db8::1]:51234"`}, "2001:db8::1"},
		{"only proxies", "192.0.2.0/24", []string{"192.0.2.8, 192.0.2.9"}, "192.0.2.8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var seen netip.Addr
			s := setup(t, func(d *Deps) {
				d.Limits = fakeLimits{registration: func(client netip.Addr) time.Duration { seen = client; return 0 }}
				if tt.trusted != "" {
					d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(tt.trusted)}
				}
			})
			header := []string{"X-Real-Ip", "203.0.113.66"}
			for _, value := range tt.forwarded {
				header = append(header, "X-Forwarded-For", value)
			}
			require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil), header...).Code)
			require.Equal(t, tt.client, seen.String())
			require.NotContains(t, s.logs.String(), tt.client)
		})
	}
}

func TestDestinationsAreLimited(t *testing.T) {
	t.Parallel()
	hashed := 0
	s := setupLimits(t, 2, func(d *Deps) {
		d.Hasher = fakeHasher(func(context.Context, string, []byte) (string, error) { hashed++; return "$argon2id$hash", nil })
	})
	for range 2 {
		require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil)).Code)
	}
	requireLimited(t, s.send(t, "POST", registrations, with(validBody(), nil)))
	requireLimited(t, s.send(t, "POST", registrations, with(validBody(), map[string]any{"mobile_number": nil, "email": "ZOELLE@example.com"})))
	requireLimited(t, s.send(t, "POST", registrations, with(validBody(), map[string]any{"email": "other@example.com"})))
	require.Equal(t, 2, hashed, "limits come before the hash")

	// A refused request is not counted.
	other := with(validBody(), map[string]any{"email": "other@example.com", "mobile_number": nil})
	require.Equal(t, 201, s.send(t, "POST", registrations, other).Code)
	require.Equal(t, 201, s.send(t, "POST", registrations, other).Code)
	requireLimited(t, s.send(t, "POST", registrations, other))
}

func TestRepeatedRequestIsNotLimited(t *testing.T) {
	t.Parallel()
	s := setupLimits(t, 1)
	var lock sync.Mutex
	starts, answered := map[string]int{}, map[int]int{}
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		lock.Lock()
		defer lock.Unlock()
		starts[in.RegistrationID]++
		if starts[in.RegistrationID] == 1 {
			return workflows.Persisted{}, engine.ErrUnavailable // and yet it is there
		}
		return stored(in), nil
	}
	first := s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "s3cret-key")
	requireProblem(t, first, 503, openapi.ProblemCodeUnavailable)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			r := httptest.NewRequest("POST", registrations, strings.NewReader(with(validBody(), nil)))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", "s3cret-key")
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			lock.Lock()
			defer lock.Unlock()
			answered[w.Code]++
		})
	}
	all.Wait()
	require.Equal(t, map[int]int{201: 20}, answered)
	requireLimited(t, s.send(t, "POST", registrations, with(validBody(), nil), "Idempotency-Key", "another-key"))
	requireLimited(t, s.send(t, "POST", registrations, with(validBody(), nil)))
}

// TestRequestsThatSendNothingAreNotCounted makes five failing requests with a limit of one, and then registers.
func TestRequestsThatSendNothingAreNotCounted(t *testing.T) {
	t.Parallel()
	refuse := func(code user.Code) func(workflows.RegistrationInput) (workflows.Persisted, error) {
		return func(in workflows.RegistrationInput) (workflows.Persisted, error) {
			return workflows.Persisted{Outcome: workflows.Outcome{Status: workflows.StatusRejected, Refusal: code, Fingerprint: in.Fingerprint}}, nil
		}
	}
	fail := func(err error) func(workflows.RegistrationInput) (workflows.Persisted, error) {
		return func(workflows.RegistrationInput) (workflows.Persisted, error) { return workflows.Persisted{}, err }
	}
	for _, tt := range []struct {
		name     string
		body     map[string]any
		key      string
		hash     error
		gate     gate.Answer
		gateErr  error
		register func(workflows.RegistrationInput) (workflows.Persisted, error)
		status   int
		counts   bool
	}{
		{name: "invalid", body: map[string]any{"password": "short"}, status: 422},
		{name: "username taken", register: refuse(user.CodeUsernameTaken), status: 409},
		{name: "email taken, under a key", register: refuse(user.CodeEmailTaken), key: "a", status: 409},
		{name: "no Temporal", register: fail(fmt.Errorf("dial: %w", engine.ErrUnavailable)), status: 503},
		{name: "denied by the gate", gate: denial("email"), status: 422},
		{name: "denied by the gate, under a key", gate: denial("email"), key: "a", status: 422},
		{name: "no answer of the gate", gateErr: gate.ErrUnavailable, status: 503},
		{name: "no answer of the gate, under a key", gateErr: gate.ErrUnavailable, key: "a", status: 503, counts: true},
		{name: "hashing is saturated", hash: secret.ErrSaturated, status: 503},
		// A key's next try counts as this one, or else another request might have started it meanwhile.
		{name: "no Temporal, under a key", register: fail(engine.ErrUnavailable), key: "a", status: 503, counts: true},
		{name: "unconfirmed", register: fail(engine.ErrUnconfirmed), status: 202, counts: true},
		{name: "client gone", register: fail(context.Canceled), status: 503, counts: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hash := tt.hash
			answer, gateErr := tt.gate, tt.gateErr
			s := setupLimits(t, 1, func(d *Deps) {
				d.Gate = fakeGate(func(context.Context, gate.Question) (gate.Answer, error) { return answer, gateErr })
				d.Hasher = fakeHasher(func(context.Context, string, []byte) (string, error) { return "$argon2id$hash", hash })
			})
			accept := s.engine.register
			if tt.register != nil {
				s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
					return tt.register(in)
				}
			}
			var header []string
			if tt.key != "" {
				header = []string{"Idempotency-Key", tt.key}
			}
			tries := 5
			if tt.counts {
				tries = 1
			}
			for range tries {
				w := s.send(t, "POST", registrations, with(validBody(), tt.body), header...)
				require.Equal(t, tt.status, w.Code, w.Body)
			}
			hash, s.engine.register = nil, accept
			answer, gateErr = gate.Answer{}, nil
			w := s.send(t, "POST", registrations, with(validBody(), nil))
			if tt.counts {
				requireLimited(t, w)
				return
			}
			require.Equal(t, 201, w.Code, w.Body)
		})
	}
}

// The count of a disconnected client must stay: the code may be on its way.
func TestDisconnectedClientIsCounted(t *testing.T) {
	t.Parallel()
	s := setupLimits(t, 1)
	ctx, leave := context.WithCancel(t.Context())
	s.engine.register = func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error) {
		leave()
		return workflows.Persisted{}, fmt.Errorf("%w: %w", engine.ErrUnavailable, context.Canceled)
	}
	r := httptest.NewRequestWithContext(ctx, "POST", registrations, strings.NewReader(with(validBody(), nil)))
	r.Header.Set("Content-Type", "application/json")
	requireProblem(t, s.serve(t, r), 503, openapi.ProblemCodeUnavailable)
	requireLimited(t, s.send(t, "POST", registrations, with(validBody(), nil)))
}

func TestResendsAreLimited(t *testing.T) {
	t.Parallel()
	s := setupLimits(t, 2)
	accept := s.engine.resend
	const correction = `{"mobile_number": "+491701234567"}`
	for _, err := range []error{refusedError(workflows.RefusedCooldown, time.Second), engine.ErrNotFound, engine.ErrUnavailable} {
		s.engine.resend = func(context.Context, string, workflows.ResendInput) (workflows.Verification, error) {
			return workflows.Verification{}, err
		}
		for range 3 { // sends nothing
			require.NotEqual(t, http.StatusAccepted, s.send(t, "POST", otpPath, correction).Code)
		}
	}
	s.engine.resend = accept
	require.Equal(t, 202, s.send(t, "POST", otpPath, correction).Code)
	var in workflows.RegistrationInput
	register := s.engine.register
	s.engine.register = func(ctx context.Context, started workflows.RegistrationInput) (workflows.Persisted, error) {
		in = started
		return register(ctx, started)
	}
	require.Equal(t, 201, s.send(t, "POST", registrations, with(validBody(), nil)).Code, "the same number")
	requireLimited(t, s.send(t, "POST", otpPath, correction))
	requireLimited(t, s.send(t, "POST", registrations, with(validBody(), map[string]any{"email": "other@example.com"})))
	require.Equal(t, 202, s.send(t, "POST", otpPath, `{"mobile_number": "+491701234568"}`).Code)

	// The workflow knows the destination of a code that was requested without a number.
	s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
		return workflows.RegistrationState{Outcome: workflows.Outcome{Verification: sent()}, Destinations: in.Destinations}, nil
	}
	require.NotEmpty(t, in.Destinations.Mobile)
	require.NotContains(t, in.Destinations.Mobile, "4917")
	requireLimited(t, s.send(t, "POST", otpPath, ""))
	s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
		return workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusActive}, Destinations: in.Destinations}, nil
	}
	s.engine.resend = func(context.Context, string, workflows.ResendInput) (workflows.Verification, error) {
		return workflows.Verification{}, refusedError(workflows.RefusedActive, 0)
	}
	requireProblem(t, s.send(t, "POST", otpPath, ""), 409, openapi.ProblemCodeAlreadyActive)
	s.engine.state = func(context.Context, string) (workflows.RegistrationState, error) {
		return workflows.RegistrationState{}, engine.ErrNotFound
	}
	requireProblem(t, s.send(t, "POST", otpPath, ""), 404, openapi.ProblemCodeNotFound)
}

// TestResendIsCountedForItsDestination: the workflow decides the channel. A number does not hide the mailbox from its limit.
func TestResendIsCountedForItsDestination(t *testing.T) {
	t.Parallel()
	keys := workflows.DestinationKeys{Email: "email", Mobile: "mobile"}
	last := workflows.RegistrationState{
		Outcome:      workflows.Outcome{Verification: workflows.Verification{Channel: message.ChannelEmail}},
		Destinations: keys, Route: user.RouteOf("+491701234567"),
	}
	closed := last
	closed.ClosedChannels = []message.Channel{message.ChannelSMS}
	number := workflows.ResendInput{Mobile: "+491702222222", MobileKey: "new"}
	for name, tt := range map[string]struct {
		state workflows.RegistrationState
		in    workflows.ResendInput
		want  string
		sms   bool
	}{
		"as before":          {last, workflows.ResendInput{}, "email", false},
		"by sms":             {last, workflows.ResendInput{Channel: message.ChannelSMS}, "mobile", true},
		"to a number":        {last, number, "new", true},
		"to a number, later": {closed, number, "email", false},
		"by sms, later":      {closed, workflows.ResendInput{Channel: message.ChannelSMS}, "email", false},
	} {
		destinations, route := nextDestination(tt.state, tt.in)
		require.Equal(t, []string{tt.want}, destinations, name)
		require.Equal(t, tt.sms, route.Country != "", name)
	}
}

// TestMessagesOfARegistration: SMS are counted if the policy may send one.
func TestMessagesOfARegistration(t *testing.T) {
	t.Parallel()
	s := &server{}
	for policy, want := range map[workflows.Policy]bool{
		{Verify: workflows.VerifySMS}: true, {Verify: workflows.VerifyEmail}: false, {Verify: workflows.VerifyBoth}: true,
		{Verify: workflows.VerifySMS, Conceal: true}: false, {Verify: workflows.VerifyBoth, Conceal: true}: true,
	} {
		in := workflows.RegistrationInput{Profile: user.Profile{Mobile: "+491701234567"}, Policy: policy}
		require.Equal(t, want, s.messagesOf(t.Context(), in).SMS.Country != "", policy)
	}
}
