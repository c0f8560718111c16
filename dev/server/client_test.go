package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/dev/outbox"
	"registrar/internal/message"
)

// testClient is an HTTP client of the service and its outbox.
type testClient struct {
	base string
	http *http.Client
}

func newTestClient(base string) *testClient {
	return &testClient{base, &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 50}}}
}

// answer is the answer to a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// tokens are the registration tokens of all services' answers, by registration id. A token outlives its service and client.
var tokens sync.Map

// keepToken remembers the token in an answer to a registration.
func keepToken(a answer) {
	var got openapi.RegistrationAccepted
	if json.Unmarshal(a.body, &got) == nil && got.RegistrationToken != "" {
		tokens.Store(got.RegistrationID, got.RegistrationToken)
	}
}

// authorize adds the token of the registration in the path, if it is known and the request has no Authorization header.
func authorize(r *http.Request) {
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, registrations+"/"), "/")
	if token, known := tokens.Load(id); known && r.Header["Authorization"] == nil {
		r.Header.Set("Authorization", "Bearer "+token.(string))
	}
}

// call sends a request, without a body if body is nil, and with the registration's token. It checks the answer against the
// contract.
func (s *testClient) call(ctx context.Context, method, path string, body any, header ...string) (answer, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.base+path, content)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n < len(header); n += 2 {
		request.Header.Set(header[n], header[n+1])
	}
	authorize(request)
	return s.send(request)
}

// send sends a request and checks the answer against the contract.
func (s *testClient) send(request *http.Request) (answer, error) {
	response, err := s.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{response.StatusCode, response.Header, got}
	keepToken(a)
	return a, checkContract(request, a)
}

func (s *testClient) mustCall(t *testing.T, method, path string, body any, header ...string) answer {
	t.Helper()
	a, err := s.call(t.Context(), method, path, body, header...)
	require.NoError(t, err)
	return a
}

const registrations = "/v1/registrations"

func (s *testClient) register(t *testing.T, form openapi.RegistrationRequest, header ...string) answer {
	t.Helper()
	return s.mustCall(t, http.MethodPost, registrations, form, header...)
}

// mustRegister registers a user and requires that the answer is 201.
func (s *testClient) mustRegister(t *testing.T, form openapi.RegistrationRequest) openapi.RegistrationCreated {
	t.Helper()
	return decode[openapi.RegistrationCreated](t, s.register(t, form), http.StatusCreated)
}

func (s *testClient) verify(t *testing.T, id, code string) answer {
	t.Helper()
	return s.mustCall(t, http.MethodPost, registrations+"/"+id+"/verification", openapi.VerificationRequest{Code: code})
}

func (s *testClient) resend(t *testing.T, id, mobile string) answer {
	t.Helper()
	return s.resendWith(t, id, openapi.ResendRequest{MobileNumber: mobile})
}

func (s *testClient) resendWith(t *testing.T, id string, body openapi.ResendRequest) answer {
	t.Helper()
	return s.mustCall(t, http.MethodPost, registrations+"/"+id+"/otp", body)
}

func (s *testClient) get(t *testing.T, id string) openapi.Registration {
	t.Helper()
	return decode[openapi.Registration](t, s.mustCall(t, http.MethodGet, registrations+"/"+id, nil), http.StatusOK)
}

// awaitStatus polls a registration until it has the status.
func (s *testClient) awaitStatus(t *testing.T, id string, want openapi.Status) openapi.Registration {
	t.Helper()
	return await(t, "status "+string(want), func() (openapi.Registration, bool) {
		a := s.mustCall(t, http.MethodGet, registrations+"/"+id, nil)
		if a.status == http.StatusServiceUnavailable {
			return openapi.Registration{}, false
		}
		r := decode[openapi.Registration](t, a, http.StatusOK)
		return r, r.Status == want
	})
}

// messages lists the messages to an address or number, the newest first. If to is empty, it lists all messages.
func (s *testClient) messages(ctx context.Context, to string) ([]outbox.Sent, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/outbox.json?to="+url.QueryEscape(to), nil)
	if err != nil {
		return nil, err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var list []outbox.Sent
	err = json.NewDecoder(response.Body).Decode(&list)
	return list, err
}

// outboxFor lists the messages of one kind to one address or number, the newest first.
func (s *testClient) outboxFor(t *testing.T, to string, kind message.Kind) []outbox.Sent {
	t.Helper()
	all, err := s.messages(t.Context(), to)
	require.NoError(t, err)
	return ofKind(all, kind)
}

func ofKind(all []outbox.Sent, kind message.Kind) []outbox.Sent {
	var list []outbox.Sent
	for _, m := range all {
		if m.Kind == kind {
			list = append(list, m)
		}
	}
	return list
}

// awaitMessages polls until n messages of a kind were sent to an address or number.
func (s *testClient) awaitMessages(t *testing.T, to string, kind message.Kind, n int) []outbox.Sent {
	t.Helper()
	return await(t, fmt.Sprintf("%d × %s", n, kind), func() ([]outbox.Sent, bool) {
		list := s.outboxFor(t, to, kind)
		return list, len(list) >= n
	})
}

// awaitCode polls until n codes were sent to an address or number. It returns the newest.
func (s *testClient) awaitCode(t *testing.T, to string, n int) string {
	t.Helper()
	return codeIn(s.awaitMessages(t, to, message.KindOTP, n)[0])
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

func codeIn(m outbox.Sent) string { return sixDigits.FindString(m.Text) }

// wrong returns a code that differs from all given codes.
func wrong(codes ...string) string {
	n, _ := strconv.Atoi(codes[0])
	for {
		n = (n + 1) % 1_000_000
		if code := fmt.Sprintf("%06d", n); !slices.Contains(codes, code) {
			return code
		}
	}
}

// decode reads the body of an answer that has the wanted status.
func decode[T any](t *testing.T, a answer, status int) T {
	t.Helper()
	require.Equal(t, status, a.status, "%s", a.body)
	var value T
	require.NoError(t, json.Unmarshal(a.body, &value), "%s", a.body)
	return value
}

func requireProblem(t *testing.T, a answer, status int, code openapi.ProblemCode) openapi.Problem {
	t.Helper()
	p := decode[openapi.Problem](t, a, status)
	require.Equal(t, code, p.Code)
	return p
}

// await polls until get returns true.
func await[T any](t *testing.T, what string, get func() (T, bool)) T {
	t.Helper()
	const timeout = time.Minute
	deadline := time.After(timeout)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		value, ok := get()
		if ok {
			return value
		}
		select {
		case <-tick.C:
		case <-deadline:
			require.FailNow(t, "timeout", "waited %s for %s; have %+v", timeout, what, value)
		}
	}
}

var formCount, numberCount atomic.Int64

// newNumber returns a mobile number that no other test uses.
func newNumber() string { return fmt.Sprintf("+1415555%04d", 99+numberCount.Add(1)) }

// newForm returns a form with an unused email, username and number.
func newForm() openapi.RegistrationRequest {
	n := formCount.Add(1)
	return openapi.RegistrationRequest{
		FirstName: "Zoë", LastName: "Nguyễn", Username: fmt.Sprintf("zoe.%d", n), Email: fmt.Sprintf("zoe.%d@example.com", n),
		Password: "violet-harbour-91-kettle", MobileNumber: newNumber(), Locale: "en",
	}
}

func newFormWithoutNumber() openapi.RegistrationRequest {
	form := newForm()
	form.MobileNumber = ""
	return form
}
