package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/gate"
	"registrar/internal/limit"
	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

func perHour(most int) []limit.Rate { return []limit.Rate{{Max: most, Period: time.Hour}} }

// setupAbuse counts in memory. The client of a request is in X-Forwarded-For. logs gets the alarms of the limits.
func setupAbuse(t *testing.T, o limit.Options, changes ...func(*Deps)) (s *service, logs *bytes.Buffer) {
	t.Helper()
	logs = new(bytes.Buffer)
	o.Key, o.Logger = keyring().LimitKey, slog.New(slog.NewTextHandler(logs, nil))
	limits, err := limit.New(o)
	require.NoError(t, err)
	return setup(t, append(changes, func(d *Deps) {
		d.Limits, d.TrustedProxies = limits, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})...), logs
}

// as is a header that makes a request come from a client.
func as(client string) []string { return []string{"X-Forwarded-For", client} }

// asking is a registration with an email and a number.
func asking(email, mobile string) string {
	return with(validBody(), map[string]any{"email": email, "mobile_number": mobile})
}

// TestOneNetworkIsOneClient registers from another address each time.
func TestOneNetworkIsOneClient(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		format  string
		allowed int
	}{
		"IPv6 /64": {"2001:db8::%x", 3}, "IPv6 /56": {"2001:db8:0:%x::1", 6}, "IPv6 /48": {"2001:db8:0:%x00::1", 12}, "IPv4 /24": {"198.51.100.%d", 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := setupAbuse(t, limit.Options{Clients: limit.Clients{Registrations: perHour(3), NetworkFactor: 2}})
			answers := map[int]int{}
			for i := range 30 {
				answers[s.send(t, "POST", registrations, asking(fmt.Sprintf("z%d@example.com", i), ""), as(fmt.Sprintf(tt.format, i+1))...).Code]++
			}
			require.Equal(t, map[int]int{201: tt.allowed, 429: 30 - tt.allowed}, answers)
		})
	}
}

// TestStateIsLimited reads one registration again and again, and unknown ones without a token.
func TestStateIsLimited(t *testing.T) {
	t.Parallel()
	s, _ := setupAbuse(t, limit.Options{Clients: limit.Clients{Reads: perHour(10)}})
	answers := map[int]int{}
	for range 100 {
		answers[s.send(t, "GET", registrationPath, "", as("198.51.100.7")...).Code]++
	}
	require.Equal(t, map[int]int{200: 10, 429: 90}, answers)
	unknown := strings.Replace(registrationPath, "0198", "0199", 1)
	for range 20 {
		s.send(t, "GET", unknown, "", append(as("198.51.100.8"), "Authorization", "Bearer wrong")...)
	}
	w := s.send(t, "GET", unknown, "", append(as("198.51.100.8"), "Authorization", "Bearer wrong")...)
	requireProblem(t, w, 429, openapi.ProblemCodeRateLimited)
	require.Equal(t, 200, s.send(t, "GET", registrationPath, "", as("198.51.100.9")...).Code)
}

// TestWrongTokensAreLimited tries out operators' tokens at known and unknown addresses.
func TestWrongTokensAreLimited(t *testing.T) {
	t.Parallel()
	s, _ := setupAbuse(t, limit.Options{Clients: limit.Clients{WrongTokens: perHour(3)}}, func(d *Deps) {
		d.Timelines, d.Operators = fakeTimelines(nil), administrators()
	})
	try := func(client, path, token string) *httptest.ResponseRecorder {
		return s.send(t, "GET", path, "", append(as(client), "Authorization", "Bearer "+token)...)
	}
	for _, path := range []string{timelinePath, "/v1/admin/nothing", timelinePath} {
		requireProblem(t, try("198.51.100.7", path, "wrong"), 401, openapi.ProblemCodeUnauthorized)
	}
	for _, path := range []string{timelinePath, "/v1/admin/nothing"} {
		requireLimited(t, try("198.51.100.7", path, "wrong"))
		requireLimited(t, try("198.51.100.7", path, adminToken))
		require.Equal(t, 404, try("198.51.100.8", "/v1/admin/nothing", adminToken).Code, "another client")
	}
}

// TestRefusalsAreNoOracle asks which of 300 addresses and usernames are taken.
func TestRefusalsAreNoOracle(t *testing.T) {
	t.Parallel()
	for _, code := range []user.Code{user.CodeEmailTaken, user.CodeUsernameTaken} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			s, _ := setupAbuse(t, limit.Options{Clients: limit.Clients{Refusals: perHour(10)}})
			s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
				return workflows.Persisted{Outcome: workflows.Outcome{Status: workflows.StatusRejected, Refusal: code, Fingerprint: in.Fingerprint}}, nil
			}
			answers := map[int]int{}
			for i := range 300 {
				answers[s.send(t, "POST", registrations, asking(fmt.Sprintf("z%d@example.com", i), ""), as("198.51.100.7")...).Code]++
			}
			require.Equal(t, map[int]int{409: 10, 429: 290}, answers)
			require.Equal(t, 409, s.send(t, "POST", registrations, asking("z@example.com", ""), as("198.51.100.8")...).Code)
		})
	}
}

// TestDenialsAreNoOracle asks the gate about 300 addresses.
func TestDenialsAreNoOracle(t *testing.T) {
	t.Parallel()
	s, _ := setupAbuse(t, limit.Options{Clients: limit.Clients{Refusals: perHour(10)}}, func(d *Deps) {
		d.Gate = fakeGate(func(context.Context, gate.Question) (gate.Answer, error) { return denial("email"), nil })
	})
	answers := map[int]int{}
	for i := range 300 {
		answers[s.send(t, "POST", registrations, asking(fmt.Sprintf("z%d@example.com", i), ""), as("198.51.100.7")...).Code]++
	}
	require.Equal(t, map[int]int{422: 10, 429: 290}, answers)
	require.Equal(t, 422, s.send(t, "POST", registrations, asking("z@example.com", ""), as("198.51.100.8")...).Code)
}

// TestVariantsOfOneMailbox registers 24 variants of one mailbox, each of which is an address of its own.
func TestVariantsOfOneMailbox(t *testing.T) {
	t.Parallel()
	s, _ := setupAbuse(t, limit.Options{Messages: limit.Messages{DestinationClients: perHour(5)}})
	answers := map[int]int{}
	for i := range 24 {
		local := strings.Replace("zoelle+"+strconv.Itoa(i), "o", strings.Repeat(".", i%2)+"o", 1)
		answers[s.send(t, "POST", registrations, asking(local+"@gmail.com", ""), as("198.51.100.7")...).Code]++
	}
	require.Equal(t, map[int]int{201: 5, 429: 19}, answers)
}

// TestStrangersLockNobodyOut asks for codes to an address that belongs to another client.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	s, _ := setupAbuse(t, limit.Options{Messages: limit.Messages{Destinations: perHour(10), DestinationClients: perHour(5)}})
	answers := map[int]int{}
	for i := range 50 {
		stranger := fmt.Sprintf("2001:db8:0:%x::1", i)
		answers[s.send(t, "POST", registrations, asking("zoelle@example.com", ""), as(stranger)...).Code]++
	}
	require.Equal(t, map[int]int{201: 5, 429: 45}, answers)
	require.Equal(t, 201, s.send(t, "POST", registrations, asking("zoelle@example.com", ""), as("198.51.100.7")...).Code)
}

// TestSatelliteNumbers is the attack with 82 SMS from one address to expensive numbers.
func TestSatelliteNumbers(t *testing.T) {
	t.Parallel()
	s, _ := setupAbuse(t, limit.Options{})
	for i := range 82 {
		number := fmt.Sprintf("+8816123456%02d", i)
		w := s.send(t, "POST", registrations, asking(fmt.Sprintf("z%d@example.com", i), number))
		requireNotSupported(t, w)
		requireNotSupported(t, s.send(t, "POST", otpPath, `{"mobile_number": "`+number+`"}`))
	}
}

func requireNotSupported(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	requireProblem(t, w, 422, openapi.ProblemCodeValidationFailed)
	fields := problemBody(t, w).Errors
	require.Len(t, fields, 1)
	require.EqualValues(t, "mobile_number", fields[0].Field)
	require.EqualValues(t, user.CodeNotSupported, fields[0].Code)
}

// TestCeilingsOfSMS sends SMS to many numbers of one prefix, from many clients.
func TestCeilingsOfSMS(t *testing.T) {
	t.Parallel()
	s, logs := setupAbuse(t, limit.Options{SMS: limit.SMS{Countries: perHour(10), Prefixes: perHour(5)}})
	send := func(i int, prefix string) *httptest.ResponseRecorder {
		client := as(fmt.Sprintf("198.51.%d.7", i))
		return s.send(t, "POST", registrations, asking(fmt.Sprintf("z%d@example.com", i), fmt.Sprintf("%s%05d", prefix, i)), client...)
	}
	for i := range 5 {
		require.Equal(t, 201, send(i, "+4917012").Code)
	}
	requireNotSupported(t, send(5, "+4917012"))
	for i := range 5 {
		require.Equal(t, 201, send(10+i, "+49151112").Code)
	}
	requireNotSupported(t, send(20, "+49152222"))
	requireNotSupported(t, s.send(t, "POST", otpPath, `{"mobile_number": "+4915222212345"}`))
	require.Equal(t, 201, s.send(t, "POST", registrations, asking("z@example.com", "")).Code, "by email")
	require.Equal(t, 201, send(30, "+336123").Code, "another country")
	require.Equal(t, 3, strings.Count(logs.String(), "level=WARN"), "two prefixes and one country: %s", logs.String())
	require.NotContains(t, logs.String(), "+4917012")
}

// TestNobodyEntersTheCodes holds back a prefix, until right codes show that people have its numbers.
func TestNobodyEntersTheCodes(t *testing.T) {
	t.Parallel()
	s, logs := setupAbuse(t, limit.Options{SMS: limit.SMS{Conversion: limit.Conversion{MinSent: 10, MinPercent: 10}}})
	answers := map[int]int{}
	register := func(i int) int {
		return s.send(t, "POST", registrations, asking(fmt.Sprintf("z%d@example.com", i), fmt.Sprintf("+4917012%05d", i))).Code
	}
	for i := range 30 {
		answers[register(i)]++
	}
	require.Equal(t, map[int]int{201: 10, 422: 20}, answers)
	require.Equal(t, 1, strings.Count(logs.String(), "held back"), logs.String())
	s.engine.verify = func(context.Context, string, workflows.VerifyInput) (workflows.VerifyResult, error) {
		return workflows.VerifyResult{Active: true, Channel: message.ChannelSMS, Route: user.RouteOf("+491701200001")}, nil
	}
	require.Equal(t, 200, s.send(t, "POST", verificationPath, `{"code": "`+typedCode+`"}`).Code)
	require.Equal(t, 201, register(31))
}

// TestCodesByEmailAreNoUnansweredSMS has registrations with a number whose codes go by email.
func TestCodesByEmailAreNoUnansweredSMS(t *testing.T) {
	t.Parallel()
	s, _ := setupAbuse(t, limit.Options{SMS: limit.SMS{Conversion: limit.Conversion{MinSent: 2, MinPercent: 10}}})
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		out := stored(in)
		out.Verification.Channel = message.ChannelEmail
		return out, nil
	}
	for i := range 10 {
		require.Equal(t, http.StatusCreated, s.send(t, "POST", registrations, asking(fmt.Sprintf("z%d@example.com", i), "+491701200001")).Code)
	}
}
