//go:build ops

// Package moving_test moves users from a monolith's MariaDB to Registrar and back, with the commands of
// docs/moving-off-the-monolith.md and with examples/monolith as the receiver and the gate.
package moving_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/test/parts"
)

var root = filepath.Join("..", "..")

// monolithTable is the table of a monolith, with users who have confirmed their address or not, and one who is disabled.
const monolithTable = `
CREATE TABLE users (
	id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(254) NOT NULL, email_confirmed_at DATETIME, first_name VARCHAR(30), last_name VARCHAR(30),
	language VARCHAR(35) DEFAULT 'en', disabled BOOL DEFAULT FALSE, password VARCHAR(255), newsletter BOOL DEFAULT FALSE);
INSERT INTO users (email, email_confirmed_at, first_name, last_name, language, disabled, password, newsletter) VALUES
	('grace@example.com', NOW(), 'Grace', 'Hopper', 'en', FALSE, '$2y$05$js.JUtCwPgc97xcCisrAze0.x/54CxNcUplinoGRlWwa57Yw/yYaS', TRUE),
	('zoe@example.com', NOW(), 'Zoë', 'Nguyễn', 'fr-CA', FALSE, 'pbkdf2_sha256$260000$9Uqu4fMDnvxsqeEGNkAxvj$rRll88lUS9cRxqBrcBI3ssQsdXjhvz3LelOJGATpNV4=', FALSE),
	('edsger@example.com', NULL, 'Edsger', 'Dijkstra', 'de', TRUE, '$2y$05$js.JUtCwPgc97xcCisrAze0.x/54CxNcUplinoGRlWwa57Yw/yYaS', FALSE);`

// site is Registrar beside a monolith.
type site struct {
	parts.Surroundings
	database *parts.MariaDB
	monolith *parts.Monolith
	program  parts.Registrar
	settings parts.Settings
	dir      string // of the operator
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{
		database: parts.StartMariaDB(t), monolith: parts.StartMonolith(t), program: parts.BuildRegistrar(t), dir: parts.Dir(t, "operator"),
	}
	require.NoError(t, s.database.Exec(t.Context(), "CREATE DATABASE registrar"))
	require.NoError(t, s.database.Exec(t.Context(), "CREATE DATABASE monolith CHARACTER SET utf8mb4"))
	codec := parts.Loopback(parts.FreePort())
	s.Surroundings = parts.Surroundings{
		DSN: s.database.DSN("registrar"), Temporal: parts.StartTemporal(t, "http://"+codec),
		Mailgun: parts.StartMailgun(t), Twilio: parts.StartTwilio(t), Codec: codec,
	}
	s.settings = s.program.Settings(t, s.Surroundings).With("EVENTS_BUDGET", "5s")
	for name, value := range s.monolith.Settings() {
		s.settings = s.settings.With(name, value)
	}
	s.program.MigrateUp(t, s.settings)
	s.program.StartCodec(t, s.settings)
	_, err := s.shell(t, "$MONOLITH <<'EOF'\n"+monolithTable+"\nEOF")
	require.NoError(t, err)
	return s
}

// shell runs a script in the operator's shell and returns its output.
func (s *site) shell(t *testing.T, script string) (string, error) {
	t.Helper()
	tools, err := filepath.Abs(filepath.Join(root, ".bin"))
	require.NoError(t, err)
	_, port, _ := strings.Cut(s.database.Address(), ":")
	client := "mariadb --no-defaults --default-character-set utf8mb4 --protocol tcp --host 127.0.0.1 --port " + port + " --user root"
	environ := append(s.settings.Environ(),
		"PATH="+strings.Join([]string{filepath.Dir(string(s.program)), tools, os.Getenv("PATH")}, ":"),
		"TEMPORAL_CODEC_ENDPOINT=http://"+s.Codec, "MONOLITH="+client+" monolith", "REGISTRAR_DATABASE="+client)
	return parts.Shell(t.Context(), s.dir, environ, script)
}

// run runs a block of the page.
func (s *site) run(t *testing.T, block string) string {
	t.Helper()
	out, err := s.shell(t, page.Block(t, block))
	require.NoError(t, err, block)
	return out
}

// await polls the monolith until a condition holds.
func (s *site) await(t *testing.T, what string, holds func(parts.MonolithState) bool) parts.MonolithState {
	t.Helper()
	var state parts.MonolithState
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(ctx context.Context) (err error) {
		if state, err = s.monolith.State(ctx); err == nil && !holds(state) {
			err = fmt.Errorf("the monolith does not have %s: %+v", what, state)
		}
		return err
	}))
	return state
}

// TestMovingOffTheMonolith goes through the phases, and back.
func TestMovingOffTheMonolith(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.importUsers(t)
	s.checkSettings(t)
	worker, api := s.program.StartWorker(t, "worker", s.settings), s.program.StartAPI(t, "api", s.settings)
	s.signUp(t, api.URL(), worker)
	require.NoError(t, api.Stop())
	s.leave(t)
	s.importAnnounced(t)
	require.NoError(t, worker.Stop())
}

// importUsers imports the monolith's users, with a broken row first, twice, and into an empty database.
func (s *site) importUsers(t *testing.T) {
	t.Helper()
	_, err := s.shell(t, "$MONOLITH <<'EOF'\n"+page.Block(t, "column")+"EOF")
	require.NoError(t, err)
	_, err = s.shell(t, "$MONOLITH --execute \"INSERT INTO users (email, first_name, last_name, registration_id) VALUES ('nobody', 'No', 'Body', UUID())\"")
	require.NoError(t, err)
	s.run(t, "extract")
	_, err = s.shell(t, page.Block(t, "dry-run"))
	require.ErrorContains(t, err, " rows refused; ")
	refused, err := os.ReadFile(filepath.Join(s.dir, "refused.jsonl"))
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(refused, []byte("\n")), "%s", refused)
	require.Contains(t, string(refused), "nobody")

	_, err = s.shell(t, "$MONOLITH --execute \"DELETE FROM users WHERE email = 'nobody'\"")
	require.NoError(t, err)
	s.run(t, "extract")
	require.Contains(t, s.run(t, "dry-run"), "3 rows: 3 could be stored")
	require.Contains(t, s.run(t, "import"), "3 rows: 3 stored, 0 already there, 0 refused")
	require.Contains(t, s.run(t, "import"), "3 rows: 0 stored, 3 already there, 0 refused")
	require.Equal(t, "3 in the monolith, 0 not in Registrar, 0 different\n", s.run(t, "compare"))

	_, err = s.shell(t, "$MONOLITH --execute \"UPDATE users SET last_name = 'Murray' WHERE first_name = 'Grace'\"")
	require.NoError(t, err)
	s.run(t, "extract")
	require.Regexp(t, `^3 in the monolith, 0 not in Registrar, 1 different\ndifferent [0-9a-f-]{36} last_name\n$`, s.run(t, "compare"))
	s.run(t, "empty")
	s.run(t, "import")
	require.Equal(t, "3 in the monolith, 0 not in Registrar, 0 different\n", s.run(t, "compare"))
}

// checkSettings checks that the page names settings that exist, and makes secrets that are valid.
func (s *site) checkSettings(t *testing.T) {
	t.Helper()
	var environ, known []string
	for _, v := range config.Variables() {
		known = append(known, v.Name)
	}
	for line := range strings.Lines(page.Block(t, "settings")) {
		line, _, _ = strings.Cut(line, "#")
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		require.Contains(t, known, name)
		if !strings.HasSuffix(name, "_SECRET") {
			environ = append(environ, name+"="+value)
		}
	}
	secrets := strings.Fields(s.run(t, "secrets"))
	require.Len(t, secrets, 2)
	c, err := config.Load(append(environ, secrets...))
	require.NoError(t, err)
	endpoints, err := c.Endpoints()
	require.NoError(t, err)
	require.Len(t, endpoints, 1)
}

// signUp registers a person at Registrar, who logs in at the monolith. While the code is entered and for longer than
// EVENTS_BUDGET, the monolith is down.
func (s *site) signUp(t *testing.T, api string, worker *parts.Replica) {
	t.Helper()
	client := parts.NewClient(api)
	form := parts.Form{FirstName: "Ada", LastName: "Lovelace", Email: "ada@staff.example", Password: "difference engine no. 2"}
	_, err := client.Register(t.Context(), form, "")
	refusal, ok := errors.AsType[*parts.Refusal](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, http.StatusUnprocessableEntity, refusal.Status)
	require.Equal(t, "refused_by_policy", refusal.Code)

	form.Email = "ada@example.com"
	handle, err := client.Register(t.Context(), form, "")
	require.NoError(t, err)
	code, err := s.Mailgun.Code(t.Context(), form.Email)
	require.NoError(t, err)
	s.await(t, "a pending user", func(m parts.MonolithState) bool { return len(m.Users) == 1 })
	s.monolith.Kill()
	status, err := client.Verify(t.Context(), handle, code)
	require.NoError(t, err)
	require.Equal(t, parts.StatusActive, status)
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
		if !strings.Contains(worker.Process().Log(), "step parked") {
			return errors.New("no step is parked")
		}
		return nil
	}))
	require.NoError(t, s.monolith.Start())
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
		out, err := s.shell(t, page.Block(t, "undelivered")) // visibility is updated with a delay
		if err == nil && !strings.Contains(out, "Total: 1") {
			err = fmt.Errorf("it does not find the registration: %s", out)
		}
		return err
	}))
	state := s.await(t, "an active user", func(m parts.MonolithState) bool { return len(m.Users) == 1 && m.Users[0].Status == "active" })
	require.Equal(t, handle.ID, state.Users[0].RegistrationID)
	require.Zero(t, state.Counters.OutOfOrder)
	logIn, body, err := s.monolith.LogIn(t.Context(), form.Email, form.Password)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, logIn, body)
	_, err = s.shell(t, "$MONOLITH --execute \"INSERT INTO users (email, registration_id) VALUES ('ada@example.com', '"+handle.ID+"')\"")
	require.NoError(t, err, "as the receiver of a real monolith does")
}

// leave compares a last time. The monolith has everybody, and not when it lost somebody.
func (s *site) leave(t *testing.T) {
	t.Helper()
	require.Equal(t, "0", strings.TrimSpace(s.run(t, "leave")))
	_, err := s.shell(t, "$MONOLITH --execute \"DELETE FROM users WHERE first_name = 'Grace'\"")
	require.NoError(t, err)
	require.Equal(t, "1", strings.TrimSpace(s.run(t, "leave")))
}

// importAnnounced imports users whose events reach the monolith, in order. Importing them again announces nothing.
func (s *site) importAnnounced(t *testing.T) {
	t.Helper()
	const users = 90 // with two events each, more than one batch of deliveries; the page of the monolith shows 100 users
	var file bytes.Buffer
	for i := range users {
		fmt.Fprintf(&file, `{"email":"imported.%d@example.com","email_verified":true,"first_name":"Grace","last_name":"Hopper","status":"active",`+
			`"password_hash":"$2y$05$js.JUtCwPgc97xcCisrAze0.x/54CxNcUplinoGRlWwa57Yw/yYaS"}`+"\n", i)
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "announced.jsonl"), file.Bytes(), 0o600))
	before := s.await(t, "its users", func(m parts.MonolithState) bool { return len(m.Users) == 1 })
	for _, stored := range []string{"90 stored, 0 already there", "0 stored, 90 already there"} {
		out, err := s.shell(t, "registrar import --events announced.jsonl")
		require.NoError(t, err, out)
		require.Contains(t, out, stored)
	}
	state := s.await(t, "the imported users", func(m parts.MonolithState) bool {
		active := 0
		for _, u := range m.Users {
			if u.Status == "active" {
				active++
			}
		}
		return active == 1+users
	})
	require.Equal(t, before.Counters.Applied+2*users, state.Counters.Applied)
	require.Zero(t, state.Counters.OutOfOrder)
}
