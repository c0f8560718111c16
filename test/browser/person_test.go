package browser

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// password is a password that every service of the tests accepts.
const password = "difference engine no. 2"

// person is somebody who signs up.
type person struct {
	email  string
	number string // in E.164; empty: the code comes by email
}

var lastPerson atomic.Int64

// newPerson returns a person whom no other test uses.
func newPerson() person {
	n := lastPerson.Add(1)
	return person{
		email:  fmt.Sprintf("ada%d@example.com", n),
		number: fmt.Sprintf("+49170%07d", 1000000+n),
	}
}

// withoutNumber returns the person without a mobile number.
func (who person) withoutNumber() person {
	who.number = ""
	return who
}

// destination is where the first code goes.
func (who person) destination() string {
	if who.number == "" {
		return who.email
	}
	return who.number
}

// post sends a JSON body to the API and requires an answer with the status. It returns the answer's members.
func (s *service) post(t *testing.T, path string, body map[string]any, status int, headers ...string) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.start(t)+path, strings.NewReader(literal(body)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	var members map[string]any
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&members))
	require.Equal(t, status, answer.StatusCode, "%v", members)
	return members
}

// register registers a person through the API. It returns the answer.
func (s *service) register(t *testing.T, who person, more map[string]any, headers ...string) map[string]any {
	t.Helper()
	body := map[string]any{"first_name": "Ada", "last_name": "Lovelace", "email": who.email, "password": password}
	if who.number != "" {
		body["mobile_number"] = who.number
	}
	maps.Copy(body, more)
	return s.post(t, "/v1/registrations", body, http.StatusCreated, headers...)
}

// activate registers a person through the API and enters the code that comes by email, so that the address is proven.
func (s *service) activate(t *testing.T, who person, more map[string]any) {
	t.Helper()
	who.number = ""
	created := s.register(t, who, more)
	s.post(t, fmt.Sprintf("/v1/registrations/%s/verification", created["registration_id"]),
		map[string]any{"code": s.code(t, who.email, 1)}, http.StatusOK,
		"Authorization", fmt.Sprintf("Bearer %s", created["registration_token"]))
}

// phrase returns a text of the catalogue of a language. vars are pairs of a variable and its value.
func phrase(t *testing.T, lang, key string, vars ...string) string {
	t.Helper()
	file, err := os.ReadFile("../../api/page/catalogue/" + lang + ".json")
	require.NoError(t, err)
	var texts map[string]string
	require.NoError(t, json.Unmarshal(file, &texts))
	require.Contains(t, texts, key)
	for i, v := range vars {
		vars[i] = v
		if i%2 == 0 {
			vars[i] = "{" + v + "}"
		}
	}
	return strings.NewReplacer(vars...).Replace(texts[key])
}

// until returns the start of a text, up to its first variable.
func until(text string) string {
	before, _, _ := strings.Cut(text, "{")
	return strings.TrimSpace(before)
}
