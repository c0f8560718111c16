package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/config"
	"registrar/internal/emaillink"
	"registrar/internal/message"
	"registrar/internal/wiring"
)

// distinctiveForm returns a form with rare values, so that a search for them finds no other text.
func distinctiveForm() openapi.RegistrationRequest {
	return openapi.RegistrationRequest{
		FirstName: "Zwentiböld", LastName: "Quisenbérry", Username: "Zwenti.Quisen", Email: "Quisen.Zwenti@example.com",
		Password: "orchid-Lantern-77-wharf-é", MobileNumber: "+14155550137", Locale: "de",
	}
}

// encodings returns the forms in which text can appear in data.
func encodings(text string) []string {
	escaped, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	plain := []string{
		text, strings.ToLower(text), strings.Trim(string(escaped), `"`), strings.Trim(strconv.QuoteToASCII(text), `"`),
		url.QueryEscape(text), strings.TrimPrefix(text, "+"),
	}
	all := plain
	for _, p := range plain {
		for shift := range 3 {
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				all = append(all, inBase64(encoding, p, shift))
			}
		}
	}
	return all
}

// inBase64 returns the part of the base64 form that depends only on text, if shift bytes plus a multiple of three precede it.
func inBase64(encoding *base64.Encoding, text string, shift int) string {
	whole := encoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + text))
	begin := (8*shift + 5) / 6
	end := 8 * (shift + len(text)) / 6
	return whole[begin:end]
}

// containsEncoded reports whether data contains text in any of its encodings. Six digits within a longer number, or in the
// fraction of a second, do not count as a code.
func containsEncoded(data, text string) bool {
	for _, a := range encodings(text) {
		if !sixDigits.MatchString(a) || len(a) > 6 {
			if strings.Contains(data, a) {
				return true
			}
			continue
		}
		if regexp.MustCompile(`(^|[^0-9A-Za-z.])` + a + `($|[^0-9A-Za-z])`).MatchString(data) {
			return true
		}
	}
	return false
}

func TestContainsEncoded(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Zwentiböld", "+14155550137", "493817"} {
		for _, prefix := range []string{"", "a", "ab", "abc"} {
			field := fmt.Sprintf(`%s"name":"%s"}`, prefix, text)
			for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				require.True(t, containsEncoded(encoding.EncodeToString([]byte(field)), text))
			}
			require.True(t, containsEncoded(field, text))
			require.True(t, containsEncoded(strconv.QuoteToASCII(field), text))
		}
	}
	require.False(t, containsEncoded("12:00:00.493817 and 1493817, 493817a", "493817"))
}

// Temporal and the logs contain no names, addresses, codes and passwords, even after failures. Only the user database and the
// outbox contain them.
func TestTemporalAndLogsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	data, logs := t.TempDir(), new(buffer)
	logger := wiring.Logger(config.Log{Level: "debug", Format: "json"}, logs)
	schema := filepath.Join(t.TempDir(), "profile.schema.json")
	require.NoError(t, os.WriteFile(schema, []byte(`{"type":"object","properties":{"motto":{"type":"string"}}}`), 0o600))
	s := startServiceIn(t, data, logger, "API_WAIT_BUDGET=4s", "PROFILE_SCHEMA="+schema)
	form, motto := distinctiveForm(), "Quisquiliæ-Ünder"
	form.Attributes = json.RawMessage(`{"motto":"` + motto + `"}`)
	id, codes := s.signUpWithFailures(t, form)
	personal := slices.Concat(codes, []string{form.FirstName, form.LastName, form.Username, form.Email, form.Password,
		form.MobileNumber, motto, correctedNumber, "$argon2id"})
	personal = append(personal, s.secretsOf(t, form, id)...)

	running := readAll(t, data, "temporal.db*")
	require.NoError(t, s.stack.stop())
	stopped := readAll(t, data, "temporal.db*")
	require.True(t, containsEncoded(running, id) && containsEncoded(stopped, id), "the search finds data of Temporal")
	require.Contains(t, logs.String(), `"level":"DEBUG"`)
	for _, p := range personal {
		require.False(t, containsEncoded(running, p), "%q is in temporal.db", p)
		require.False(t, containsEncoded(stopped, p), "%q is in temporal.db", p)
		require.False(t, containsEncoded(logs.String(), p), "%q is in the logs", p)
	}

	users, sent := readAll(t, data, "registrar.db*"), readAll(t, data, "outbox.jsonl")
	for _, p := range []string{form.FirstName, form.LastName, form.Username, form.Email, motto, correctedNumber, "$argon2id"} {
		require.True(t, containsEncoded(users, p), "%q is not in registrar.db", p)
	}
	for _, p := range append(codes, form.Email, correctedNumber) {
		require.True(t, containsEncoded(sent, p), "%q is not in the outbox", p)
	}
	require.False(t, containsEncoded(users+sent, form.Password))
	for _, code := range codes {
		require.False(t, containsEncoded(users, code))
	}
}

// secretsOf returns the registration token, and the tokens of both links in the welcome email, which it opens.
func (s *testClient) secretsOf(t *testing.T, form openapi.RegistrationRequest, id string) []string {
	t.Helper()
	token, known := tokens.Load(id)
	require.True(t, known)
	secrets := []string{token.(string)}
	for _, page := range []string{emaillink.ConfirmPath, emaillink.NotMePath} {
		link, err := url.Parse(s.linkTo(t, page, form.Email, id))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, s.mustCall(t, http.MethodGet, link.String(), nil).status)
		require.Equal(t, http.StatusOK, s.mustCall(t, http.MethodPost, link.String(), nil).status)
		secrets = append(secrets, link.Query().Get("token"))
	}
	return secrets
}

const correctedNumber = "+14155550138"

// signUpWithFailures registers a user with failures that could write personal data to Temporal or the logs. It returns the
// registration's id and codes.
func (r *testService) signUpWithFailures(t *testing.T, form openapi.RegistrationRequest) (id string, codes []string) {
	t.Helper()
	var refused atomic.Int64
	r.stack.outbox.Fail(func(m message.Message) error {
		if m.Kind != message.KindOTP || refused.Add(1) > 2 {
			return nil
		}
		return errors.New("550 no such user: " + m.To + ": " + m.Text)
	})
	restore := stopDatabase(t, r.stack.data)
	id = decode[openapi.Progress](t, r.register(t, form, "Idempotency-Key", "key-of-"+form.Username), http.StatusAccepted).RegistrationID
	restore()
	codes = append(codes, r.awaitCode(t, form.MobileNumber, 1))
	require.EqualValues(t, 3, refused.Load(), "attempts")
	requireProblem(t, r.verify(t, id, wrong(codes[0])), http.StatusUnprocessableEntity, openapi.ProblemCodeWrongCode)
	decode[openapi.CodeSent](t, r.resend(t, id, correctedNumber), http.StatusAccepted)
	codes = append(codes, r.awaitCode(t, correctedNumber, 1))
	r.requireActive(t, id, codes[1])
	r.awaitMessages(t, correctedNumber, message.KindCompletion, 1)
	r.awaitMessages(t, form.Email, message.KindWelcome, 1)

	requireProblem(t, r.register(t, form), http.StatusConflict, openapi.ProblemCodeUsernameTaken)
	form.MobileNumber += "0000"
	requireProblem(t, r.register(t, form), http.StatusUnprocessableEntity, openapi.ProblemCodeValidationFailed)
	r.awaitEnd(t, id)
	return id, codes
}

// readAll returns the content of all files that match a pattern.
func readAll(t *testing.T, data, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(data, pattern))
	require.NoError(t, err)
	var all strings.Builder
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		all.Write(content)
	}
	return all.String()
}
