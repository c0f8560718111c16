package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/message"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// now is the time of every test.
var now = time.Date(2026, time.January, 31, 12, 0, 0, 250_000_000, time.UTC)

const (
	registrationID = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
	userID         = "0198f6c2-7d31-7e09-b6a2-1c4d8e7f9023"
	typedCode      = "493817"
)

// secrets must not be in a log line: the values of validBody and typedCode, and the client's address.
var secrets = []string{"zoelle", "nguyễnová", "violet-harbour", "1701234567", typedCode, "192.0.2.1", "s3cret-key"}

func validBody() map[string]any {
	return map[string]any{
		"first_name": "Zoelle", "last_name": "Nguyễnová", "username": "zoelle.n", "email": "Zoelle@Example.com",
		"password": "violet-harbour-91-kettle", "mobile_number": "+491701234567", "locale": "fr-CA",
		"marketing_consent": true,
	}
}

// with is a JSON body with some members set, or removed when nil.
func with(body, changes map[string]any) string {
	body = maps.Clone(body)
	for name, value := range changes {
		body[name] = value
		if value == nil {
			delete(body, name)
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// sent is the verification that fakes answer with.
func sent() workflows.Verification {
	return workflows.Verification{
		Channel: message.ChannelSMS, Destination: "+49•••••••567",
		ExpiresAt: now.Add(10 * time.Minute), ResendAfter: now.Add(30 * time.Second),
	}
}

func stored(in workflows.RegistrationInput) workflows.Persisted {
	return workflows.Persisted{Outcome: workflows.Outcome{Status: workflows.StatusPending, UserID: userID, Fingerprint: in.Fingerprint, Verification: sent()}}
}

type fakeEngine struct {
	register func(context.Context, workflows.RegistrationInput) (workflows.Persisted, error)
	exists   func(context.Context, string) (bool, error)
	state    func(context.Context, string) (workflows.RegistrationState, error)
	verify   func(context.Context, string, workflows.VerifyInput) (workflows.VerifyResult, error)
	resend   func(context.Context, string, workflows.ResendInput) (workflows.Verification, error)
	ready    func(context.Context) error

	undelivered func(context.Context, string, workflows.Undelivered) error
	emailLink   func(context.Context, workflows.EmailLinkInput) (workflows.EmailLinkResult, error)
	confirmed   bool // by a link
}

func (f *fakeEngine) EmailConfirmed(context.Context, string) bool { return f.confirmed }

func (f *fakeEngine) EmailLink(ctx context.Context, in workflows.EmailLinkInput) (workflows.EmailLinkResult, error) {
	return f.emailLink(ctx, in)
}

func (f *fakeEngine) Undelivered(ctx context.Context, id string, in workflows.Undelivered) error {
	return f.undelivered(ctx, id, in)
}

func (f *fakeEngine) Register(ctx context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
	return f.register(ctx, in)
}

func (f *fakeEngine) Exists(ctx context.Context, id string) (bool, error) {
	return f.exists(ctx, id)
}

func (f *fakeEngine) State(ctx context.Context, id string) (workflows.RegistrationState, error) {
	return f.state(ctx, id)
}

func (f *fakeEngine) Verify(ctx context.Context, id string, in workflows.VerifyInput) (workflows.VerifyResult, error) {
	return f.verify(ctx, id, in)
}

func (f *fakeEngine) ResendOTP(ctx context.Context, id string, in workflows.ResendInput) (workflows.Verification, error) {
	return f.resend(ctx, id, in)
}

func (f *fakeEngine) Ready(ctx context.Context) error { return f.ready(ctx) }

type fakeHasher func(ctx context.Context, password string, salt []byte) (string, error)

func (f fakeHasher) Hash(ctx context.Context, password string, salt []byte) (string, error) {
	return f(ctx, password, salt)
}

func (f fakeHasher) HashLike(ctx context.Context, params, password string, salt []byte) (string, error) {
	return f(ctx, params+password, salt)
}

type fakeBreach func(ctx context.Context, password string) (bool, error)

func (f fakeBreach) Found(ctx context.Context, password string) (bool, error) {
	return f(ctx, password)
}

// keyring is shared by all tests. No test depends on the ids and digests that it derives.
var keyring = sync.OnceValue(func() *secret.Keyring {
	text, err := secret.GeneratePRF()
	if err != nil {
		panic(err)
	}
	handle, err := secret.ParsePRF(text)
	if err != nil {
		panic(err)
	}
	keys, err := secret.NewKeyring(handle)
	if err != nil {
		panic(err)
	}
	return keys
})

// service is the API over fakes.
type service struct {
	handler http.Handler
	engine  *fakeEngine
	logs    *bytes.Buffer
}

// setup returns an API whose engine accepts everything. When the test ends, the log is searched for secrets.
func setup(t testing.TB, changes ...func(*Deps)) *service {
	t.Helper()
	s := &service{logs: new(bytes.Buffer), engine: &fakeEngine{
		register: func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
			return stored(in), nil
		},
		exists: func(context.Context, string) (bool, error) { return false, nil },
		state: func(context.Context, string) (workflows.RegistrationState, error) {
			return workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusPending, UserID: userID, Verification: sent()}}, nil
		},
		verify: func(context.Context, string, workflows.VerifyInput) (workflows.VerifyResult, error) {
			return workflows.VerifyResult{Active: true}, nil
		},
		resend: func(context.Context, string, workflows.ResendInput) (workflows.Verification, error) {
			return sent(), nil
		},
		ready: func(context.Context) error { return nil },
	}}
	cheap := secret.CheapParams()
	d := Deps{
		Engine: s.engine,
		Hasher: secret.NewHasher(secret.HasherOptions{Params: &cheap}),
		Keys:   keyring(),
		Policy: workflows.DefaultPolicy(),
		Rules:  user.Rules{DefaultRegion: "DE"},
		Logger: slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:    func() time.Time { return now },
		Random: func(n int) int { return n - 1 },
	}
	for _, change := range changes {
		change(&d)
	}
	s.handler = New(d)
	t.Cleanup(func() {
		logged := strings.ToLower(s.logs.String())
		for _, secret := range secrets {
			require.NotContains(t, logged, secret)
		}
	})
	return s
}

// send posts JSON, or asks with GET when there is no body, and checks the answer against the contract. header has names
// and values in turn.
func (s *service) send(t testing.TB, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return s.serve(t, r)
}

// serve answers a request and checks the answer against the contract. A request to a registration gets its token, unless it
// has an Authorization.
func (s *service) serve(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	if id := registrationOf(r.URL.Path); id != "" && r.Header["Authorization"] == nil {
		r.Header.Set("Authorization", "Bearer "+keyring().RegistrationToken(id))
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	checkAnswer(t, r, w)
	return w
}

// contract is openapi.yaml, made strict: an answer may have no member that is not documented.
var contract = sync.OnceValue(func() struct {
	doc    *openapi3.T
	router routers.Router
} {
	doc, err := openapi3.NewLoader().LoadFromData(specification)
	if err != nil {
		panic(err)
	}
	for _, schema := range doc.Components.Schemas {
		if len(schema.Value.Properties) > 0 {
			closed := false
			schema.Value.AdditionalProperties = openapi3.BoolSchema{Has: &closed}
		}
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return struct {
		doc    *openapi3.T
		router routers.Router
	}{doc, router}
})

// checkAnswer checks an answer's status, headers and body against the contract, and that the contract says in words
// that this code can come with this status. An undocumented answer must be a problem.
func checkAnswer(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	require.NotEmpty(t, w.Header().Get("X-Request-Id"))
	route, parameters, err := contract().router.FindRoute(r)
	if err != nil {
		requireProblem(t, w, w.Code, problemBody(t, w).Code)
		return
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: parameters},
		Status:                 w.Code,
		Header:                 w.Header(),
		Body:                   io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	})
	require.NoError(t, err, "%s %s: %s", r.Method, route.Path, w.Body)
	if w.Header().Get("Content-Type") == "application/problem+json" {
		documented := route.Operation.Responses.Status(w.Code).Value.Description
		require.Contains(t, *documented, "`"+string(problemBody(t, w).Code)+"`")
	}
}

func decode[T any](t testing.TB, w *httptest.ResponseRecorder) T {
	t.Helper()
	var body T
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body)
	return body
}

func problemBody(t testing.TB, w *httptest.ResponseRecorder) openapi.Problem {
	t.Helper()
	return decode[openapi.Problem](t, w)
}

// requireProblem checks the common fields of problems.
func requireProblem(t testing.TB, w *httptest.ResponseRecorder, status int, code openapi.ProblemCode) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body)
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	p := problemBody(t, w)
	require.Equal(t, code, p.Code)
	require.Contains(t, answers, code)
	require.Equal(t, status, p.Status)
	require.Equal(t, http.StatusText(status), p.Title)
	require.Equal(t, openapi.ProblemTypeAboutBlank, p.Type)
	require.NotEmpty(t, p.Detail)
	require.Equal(t, w.Header().Get("X-Request-Id"), p.RequestID)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
}

// registrationOf returns the registration's id in an address, or "".
func registrationOf(target string) string {
	id, _ := strings.CutPrefix(target, registrationsPath+"/")
	id, _, _ = strings.Cut(id, "/")
	if id == target {
		return ""
	}
	return id
}
