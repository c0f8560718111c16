package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/workflows"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	valid := with(validBody(), nil)
	for _, tt := range []struct {
		name   string
		body   string
		status int
		code   openapi.ProblemCode
		detail string
	}{
		{"not JSON", `first_name=Zoelle`, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"cut off", valid[:len(valid)-1], 400, openapi.ProblemCodeInvalidJSON, ""},
		{"only blanks", ` `, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"two values", valid + valid, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"trailing garbage", valid + `x`, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"trailing comma", `{"email":"zoelle@example.com",}`, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"trailing blanks", valid + " \r\n\t", 201, "", ""},
		{"byte order mark", "\ufeff" + valid, 201, "", ""},
		{"byte order mark and blanks", "\ufeff\r\n " + valid, 201, "", ""},
		{"two byte order marks", "\ufeff\ufeff" + valid, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"only a byte order mark", "\ufeff", 400, openapi.ProblemCodeInvalidJSON, ""},
		{"byte order mark after a blank", " \ufeff" + valid, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"byte order mark at the end", valid + "\ufeff", 400, openapi.ProblemCodeInvalidJSON, ""},
		{"half a byte order mark", "\xef\xbb" + valid, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"byte order mark of UTF-16", "\xff\xfe" + valid, 400, openapi.ProblemCodeInvalidJSON, ""},
		{"unknown field after a byte order mark", "\ufeff" + `{"s3cret-key":1}`, 400, openapi.ProblemCodeUnknownField, ""},
		{"largest with a byte order mark", "\ufeff" + valid + strings.Repeat(" ", maxBody-len(valid)-3), 201, "", ""},
		{"too large by a byte order mark", "\ufeff" + valid + strings.Repeat(" ", maxBody-len(valid)), 413, openapi.ProblemCodeBodyTooLarge, "16 KiB"},
		{"null", `null`, 400, openapi.ProblemCodeInvalidJSON, "object"},
		{"array", `[` + valid + `]`, 400, openapi.ProblemCodeInvalidJSON, "object"},
		{"string", `"zoelle"`, 400, openapi.ProblemCodeInvalidJSON, "object"},
		{"invalid UTF-8", strings.Replace(valid, "Zoelle", "Zo\xeblle", 1), 400, openapi.ProblemCodeInvalidJSON, ""},
		{"half a surrogate pair", strings.Replace(valid, `"Zoelle"`, `"\ud83d"`, 1), 400, openapi.ProblemCodeInvalidJSON, "first_name"},
		{"a surrogate pair", strings.Replace(valid, `"Zoelle"`, `"\ud83d\ude00"`, 1), 201, "", ""},
		{"deep", `{"locale":` + strings.Repeat("[", 8e3) + strings.Repeat("]", 8e3) + `}`, 400, openapi.ProblemCodeWrongType, "locale"},
		{"unknown field", `{"s3cret-key":1}`, 400, openapi.ProblemCodeUnknownField, "marketing_consent"},
		{"other case", strings.Replace(valid, "email", "Email", 1), 400, openapi.ProblemCodeUnknownField, ""},
		{"duplicate field", `{"email":"zoelle@example.com","email":"b@example.com"}`, 400, openapi.ProblemCodeDuplicateField, "email"},
		{"duplicate escaped", `{"email":"a@b.example","\u0065mail":"b@example.com"}`, 400, openapi.ProblemCodeDuplicateField, "email"},
		{"number for a string", `{"mobile_number":491701234567}`, 400, openapi.ProblemCodeWrongType, "mobile_number"},
		{"vast number", `{"locale":1e999}`, 400, openapi.ProblemCodeWrongType, "locale"},
		{"object for a string", `{"email":{}}`, 400, openapi.ProblemCodeWrongType, "email"},
		{"string for a boolean", `{"marketing_consent":"yes"}`, 400, openapi.ProblemCodeWrongType, "marketing_consent"},
		{"boolean for a string", `{"password":true}`, 400, openapi.ProblemCodeWrongType, "password"},
		{"null for what is required", `{"password":null}`, 400, openapi.ProblemCodeWrongType, "password"},
		{"largest", valid + strings.Repeat(" ", maxBody-len(valid)), 201, "", ""},
		{"too large", valid + strings.Repeat(" ", maxBody-len(valid)+1), 413, openapi.ProblemCodeBodyTooLarge, "16 KiB"},
		{"vast", strings.Repeat("zoelle", 1<<20), 413, openapi.ProblemCodeBodyTooLarge, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			w := s.send(t, "POST", registrations, tt.body)
			require.Equal(t, tt.status, w.Code, w.Body)
			if tt.code == "" {
				return
			}
			requireProblem(t, w, tt.status, tt.code)
			require.Contains(t, problemBody(t, w).Detail, tt.detail)
			for _, typed := range secrets {
				require.NotContains(t, strings.ToLower(w.Body.String()), typed)
			}
		})
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for contentType, status := range map[string]int{
		"application/json":                           201,
		"Application/JSON":                           201,
		"application/json; charset=utf-8":            201,
		`application/json;charset="UTF-8"`:           201,
		"":                                           415,
		"application/json; charset=latin1":           415,
		"application/json; profile=x":                415,
		"application/json; charset=utf-8; profile=x": 415,
		"application/problem+json":                   415,
		"text/plain":                                 415,
		"text/json":                                  415,
		"application/x-www-form-urlencoded":          415,
		"multipart/form-data; boundary=x":            415,
		"application/json, application/json":         415,
		"/":                                          415,
		"application/json; charset=utf-8; charset=latin1": 415,
	} {
		r := httptest.NewRequest("POST", registrations, strings.NewReader(with(validBody(), nil)))
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		w := s.serve(t, r)
		require.Equal(t, status, w.Code, contentType)
	}
}

func TestEmptyBodies(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, path := range []string{registrations, verificationPath} {
		requireProblem(t, s.send(t, "POST", path, "", "Content-Type", "application/json"), 400, openapi.ProblemCodeInvalidJSON)
		requireProblem(t, s.send(t, "POST", path, ""), 415, openapi.ProblemCodeUnsupportedMediaType)
	}
	require.Equal(t, 202, s.send(t, "POST", otpPath, "").Code)
	require.Equal(t, 202, s.send(t, "POST", otpPath, "", "Content-Type", "text/plain").Code)

	chunked := httptest.NewRequest("POST", otpPath, io.MultiReader())
	chunked.ContentLength = -1
	require.Equal(t, 202, s.serve(t, chunked).Code)
}

func TestByteOrderMarkBeforeABody(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{start: accepting})
	for path, tt := range map[string]struct {
		body   string
		status int
	}{
		registrations:              {with(validBody(), nil), 201},
		verificationPath:           {`{"code":"` + typedCode + `"}`, 200},
		otpPath:                    {`{"mobile_number":"+491701234567"}`, 202},
		campaignsPath:              {with(campaignRequest(), nil), 202},
		campaignsPath + "/preview": {with(campaignRequest(), map[string]any{"schedule_at": nil, "rate": nil}), 200},
	} {
		send := s.send
		if isWithin(path, campaignsPath) {
			send = s.sendAdmin
		}
		w := send(t, "POST", path, "\ufeff"+tt.body)
		require.Equal(t, tt.status, w.Code, "%s: %s", path, w.Body)
		requireProblem(t, send(t, "POST", path, "\ufeff"), 400, openapi.ProblemCodeInvalidJSON)
	}
}

func TestIncompleteBodies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		status int
		code   openapi.ProblemCode
	}{
		"too slow": {os.ErrDeadlineExceeded, 408, openapi.ProblemCodeRequestTimeout},
		"cut off":  {io.ErrUnexpectedEOF, 400, openapi.ProblemCodeInvalidJSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := io.MultiReader(strings.NewReader(`{"email":`), iotest.ErrReader(tt.err))
			r := httptest.NewRequest("POST", registrations, body)
			r.Header.Set("Content-Type", "application/json")
			requireProblem(t, setup(t).serve(t, r), tt.status, tt.code)
		})
	}
}

// FuzzRegister posts random bodies: the answer follows the contract, is never 500, and 201 only for a body that encoding/json
// reads the same way.
func FuzzRegister(f *testing.F) {
	f.Add(with(validBody(), nil))
	f.Add(with(validBody(), map[string]any{"username": nil}))
	f.Add(`{"email":"a@b.example","email":"c@d.example"}`)
	f.Add(`{"first_name":"\ud83d","password":null,"marketing_consent":0}`)
	f.Add(`[{}]`)
	f.Add(``)
	f.Add("\ufeff" + with(validBody(), nil))
	s := setup(f)
	var got workflows.RegistrationInput
	s.engine.register = func(_ context.Context, in workflows.RegistrationInput) (workflows.Persisted, error) {
		got = in
		return stored(in), nil
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := s.send(t, "POST", registrations, body, "Content-Type", "application/json")
		require.Contains(t, []int{201, 400, 413, 422}, w.Code)
		s.logs.Reset()
		if w.Code == 201 {
			var again openapi.RegistrationRequest
			require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(body, "\ufeff")), &again))
			require.Equal(t, again.MarketingConsent, got.Profile.MarketingConsent)
		}
	})
}

// FuzzPasswordCheck has any password and fields. The registration gives the same verdict.
func FuzzPasswordCheck(f *testing.F) {
	f.Add("violet-harbour-91-kettle", "Zoelle", "Nguyễnová", "zoelle@exam", "+4917")
	f.Add("zoelle\u202e2026", "\x00", "{{.}}", "<script>@", "٠١٧٠")
	f.Add(strings.Repeat("4@8({[<3691!|70$5+%2", 6), strings.Repeat("a", 300), "\u2028", "@", "")
	s := setup(f, withoutLog)
	f.Fuzz(func(t *testing.T, password, first, last, email, mobile string) {
		body := with(map[string]any{
			"password": password, "first_name": first, "last_name": last, "email": email, "mobile_number": mobile,
		}, nil)
		w := s.send(t, "POST", passwordChecksPath, body)
		require.Contains(t, []int{200, 400, 413}, w.Code)
		if w.Code == 200 {
			registration := s.send(t, "POST", registrations, body)
			check := decode[openapi.PasswordCheck](t, w)
			require.Equal(t, check.Accepted, registration.Code == 201 || passwordVerdict(problemBody(t, registration).Errors) == nil)
		}
	})
}
