package parts

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Monolith is the program examples/monolith, which receives events and is the gate.
type Monolith struct {
	*Server

	url  string
	http http.Client
}

// MonolithState is what the monolith has received.
type MonolithState struct {
	Counters struct {
		Applied    int `json:"applied"`
		Duplicate  int `json:"duplicate"`
		OutOfOrder int `json:"out of order"`
	} `json:"counters"`
	Users []MonolithUser `json:"users"`
}

// MonolithUser is a user in the monolith's table.
type MonolithUser struct {
	RegistrationID string `json:"registration_id"`
	UserID         string `json:"user_id"`
	Status         string `json:"status"`
	Email          string `json:"email"`
}

const (
	monolithEventsSecret = "whsec_ZXZlbnRzIGFyZSBzaWduZWQgd2l0aCB0aGlzIGtleQ=="
	monolithGateSecret   = "whsec_cXVlc3Rpb25zIGFyZSBzaWduZWQgd2l0aCB0aGlzIG9uZQ=="
)

var buildMonolith = sync.OnceValues(func() (string, error) {
	folder, err := repository()
	if err != nil {
		return "", err
	}
	output := filepath.Join(folder, ".bin", "parts", "monolith")
	return output, build(context.Background(), filepath.Join(folder, "examples", "monolith"), output, ".", nil)
})

// BuildMonolith builds examples/monolith, and returns the path of the program.
func BuildMonolith(t Test) string {
	t.Helper()
	program, err := buildMonolith()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return program
}

// StartMonolith builds and starts examples/monolith with an empty table. After Kill or Stop, Start continues with the table.
func StartMonolith(t Test) *Monolith {
	t.Helper()
	dir, address := Dir(t, "monolith"), Loopback(FreePort())
	m := &Monolith{url: "http://" + address, http: http.Client{Timeout: 30 * time.Second}}
	m.Server = StartServer(t, Command{
		Name: "monolith", Path: BuildMonolith(t), Dir: dir, Env: []string{
			"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "MONOLITH_ADDR=" + address, "MONOLITH_DB=" + filepath.Join(dir, "monolith.db"),
			"EVENTS_SECRET=" + monolithEventsSecret, "GATE_SECRET=" + monolithGateSecret,
		},
	}, "the monolith is ready")
	return m
}

// Settings returns the settings of Registrar that make the monolith its receiver and its gate.
func (m *Monolith) Settings() Settings {
	return Settings{
		"EVENTS_URL": m.url + "/events", "EVENTS_SECRET": monolithEventsSecret, "EVENTS_PASSWORD_HASH": "true", "EVENTS_ALLOW_PRIVATE": "true",
		"GATE_URL": m.url + "/gate", "GATE_SECRET": monolithGateSecret,
	}
}

// URL returns the address of the monolith.
func (m *Monolith) URL() string { return m.url }

// State returns what the monolith has received.
func (m *Monolith) State(ctx context.Context) (state MonolithState, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+"/state.json", nil)
	if err != nil {
		return state, err
	}
	status, body, err := m.do(request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the monolith answers %d", status)
	}
	if err == nil {
		err = json.Unmarshal(body, &state)
	}
	return state, err
}

// LogIn logs a person in, and returns the status and the body of the answer.
func (m *Monolith) LogIn(ctx context.Context, login, password string) (status int, body string, err error) {
	form := url.Values{"login": {login}, "password": {password}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url+"/login", strings.NewReader(form))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, text, err := m.do(request)
	return status, string(text), err
}

func (m *Monolith) do(request *http.Request) (status int, body []byte, err error) {
	response, err := m.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}
