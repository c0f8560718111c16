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

	"registrar/api"
	"registrar/internal/config"
	"registrar/internal/message"
	"registrar/internal/service"
)

// stranger is somebody whose data is found wherever it turns up.
func stranger() api.RegistrationRequest {
	return api.RegistrationRequest{
		FirstName: "Zwentiböld", LastName: "Quisenbérry", Username: "Zwenti.Quisen", Email: "Quisen.Zwenti@example.com",
		Password: "orchid-Lantern-77-wharf-é", MobileNumber: "+14155550137", Locale: "de",
	}
}

// appearances are the ways in which text is written down that are still the text.
func appearances(text string) []string {
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

// inBase64 is what is always seen of text in base64 when shift bytes, and any number of threes, come before it.
func inBase64(encoding *base64.Encoding, text string, shift int) string {
	whole := encoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + text))
	begin := (8*shift + 5) / 6
	end := 8 * (shift + len(text)) / 6
	return whole[begin:end]
}

// finds tells whether text is in data in any of its appearances. Six digits alone, as a part of a longer number or of a
// second, are no code.
func finds(data, text string) bool {
	for _, a := range appearances(text) {
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

func TestFindsAnyAppearance(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Zwentiböld", "+14155550137", "493817"} {
		for _, prefix := range []string{"", "a", "ab", "abc"} {
			field := fmt.Sprintf(`%s"name":"%s"}`, prefix, text)
			for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				require.True(t, finds(encoding.EncodeToString([]byte(field)), text))
			}
			require.True(t, finds(field, text))
			require.True(t, finds(strconv.QuoteToASCII(field), text))
		}
	}
	require.False(t, finds("12:00:00.493817 and 1493817, 493817a", "493817"))
}

// Names, addresses, codes and passwords stay in the user database and the outbox: Temporal and the logs have none, on
// the usual way and when things fail.
func TestTemporalAndLogsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	data, logs := t.TempDir(), new(buffer)
	logger := service.Logger(config.Log{Level: "debug", Format: "json"}, logs)
	s := launchIn(t, data, logger, "API_WAIT_BUDGET=4s")
	form := stranger()
	id, codes := s.troubledSignUp(t, form)
	personal := slices.Concat(codes, []string{form.FirstName, form.LastName, form.Username, form.Email, form.Password,
		form.MobileNumber, correctedNumber, "$argon2id"})

	running := readAll(t, data, "temporal.db*")
	require.NoError(t, s.stack.stop())
	stopped := readAll(t, data, "temporal.db*")
	require.True(t, finds(running, id) && finds(stopped, id), "the search sees what Temporal keeps")
	require.Contains(t, logs.String(), `"level":"DEBUG"`)
	for _, p := range personal {
		require.False(t, finds(running, p), "%q is in temporal.db", p)
		require.False(t, finds(stopped, p), "%q is in temporal.db", p)
		require.False(t, finds(logs.String(), p), "%q is in the logs", p)
	}

	users, sent := readAll(t, data, "registrar.db*"), readAll(t, data, "outbox.jsonl")
	for _, p := range []string{form.FirstName, form.LastName, form.Username, form.Email, correctedNumber, "$argon2id"} {
		require.True(t, finds(users, p), "%q is not in registrar.db", p)
	}
	for _, p := range append(codes, form.Email, correctedNumber) {
		require.True(t, finds(sent, p), "%q is not in the outbox", p)
	}
	require.False(t, finds(users+sent, form.Password))
	for _, code := range codes {
		require.False(t, finds(users, code))
	}
}

const correctedNumber = "+14155550138"

// troubledSignUp goes through all that can make somebody write down what should not be. It returns the registration and
// its codes.
func (r *running) troubledSignUp(t *testing.T, form api.RegistrationRequest) (id string, codes []string) {
	t.Helper()
	var refused atomic.Int64
	r.stack.outbox.Fail(func(m message.Message) error {
		if m.Kind != message.KindOTP || refused.Add(1) > 2 {
			return nil
		}
		return errors.New("550 nobody here: " + m.To + ": " + m.Text)
	})
	restore := stopDatabase(t, r.stack.data)
	id = decode[api.Progress](t, r.register(t, form, "Idempotency-Key", "key-of-"+form.Username), http.StatusAccepted).RegistrationID
	restore()
	codes = append(codes, r.awaitCode(t, form.MobileNumber, 1))
	require.EqualValues(t, 3, refused.Load(), "attempts")
	requireProblem(t, r.verify(t, id, wrong(codes[0])), http.StatusUnprocessableEntity, api.ProblemCodeWrongCode)
	decode[api.CodeSent](t, r.resend(t, id, correctedNumber), http.StatusAccepted)
	codes = append(codes, r.awaitCode(t, correctedNumber, 1))
	r.requireActive(t, id, codes[1])
	r.awaitMessages(t, correctedNumber, message.KindCompletion, 1)
	r.awaitMessages(t, form.Email, message.KindWelcome, 1)

	requireProblem(t, r.register(t, form), http.StatusConflict, api.ProblemCodeEmailTaken)
	form.MobileNumber += "0000"
	requireProblem(t, r.register(t, form), http.StatusUnprocessableEntity, api.ProblemCodeValidationFailed)
	r.awaitEnd(t, id)
	return id, codes
}

// readAll returns what the files that match hold, one after the other.
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
