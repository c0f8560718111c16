//go:build mariadb

package mariadb_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/store"
	"registrar/internal/user"
	"registrar/internal/userimport"
	"registrar/test/parts"
)

// hashes are of several kinds, made by other implementations.
var hashes = []string{
	"$2y$05$js.JUtCwPgc97xcCisrAze0.x/54CxNcUplinoGRlWwa57Yw/yYaS",
	"$argon2id$v=19$m=1024,t=2,p=2$SMmZs/Z+r/UeQ+h9rxXi/A$Q8zBQO3TwljJvc8QzOf/eg",
	"pbkdf2_sha256$260000$9Uqu4fMDnvxsqeEGNkAxvj$rRll88lUS9cRxqBrcBI3ssQsdXjhvz3LelOJGATpNV4=",
	"$scrypt$ln=10,r=8,p=1$9z5H6H2vFYLQujfGGOPcGw$qT9S5ApGb5B3MnYzRr4gtMxemPf8DnKQdnlqeeaTt70",
}

var monolithHeader = []string{
	"email", "email_verified", "username", "mobile_number", "first_name", "last_name", "status", "password_hash", "marketing_consent", "created_at", "attributes.company",
}

// monolithRow is a row of a typical monolith.
func monolithRow(i int) []string {
	status := "active"
	if i%50 == 0 {
		status = "blocked"
	}
	return []string{
		fmt.Sprintf("Person%d@example%d.com", i, i%97), strconv.FormatBool(i%10 != 0), fmt.Sprintf("person%d", i), fmt.Sprintf("+49170%07d", 1_000_000+i),
		fmt.Sprintf("Ada %d", i%1000), "Lovelace-Müller", status, hashes[i%len(hashes)], strconv.Itoa(i % 2), fmt.Sprintf("2023-01-%02d 10:00:00", 1+i%28), fmt.Sprintf("Company %d", i%7),
	}
}

// writeMonolith writes the CSV file of a monolith.
func writeMonolith(to io.Writer, users int) error {
	w := csv.NewWriter(to)
	_ = w.Write(monolithHeader) // Error returns the first error of all
	for i := range users {
		_ = w.Write(monolithRow(i))
	}
	w.Flush()
	return w.Error()
}

// company is a program's settings and files for a database of its own.
type company struct {
	program  parts.Registrar
	settings parts.Settings
	store    *store.Store
	dir      string
}

func newCompany(t *testing.T) company {
	t.Helper()
	name := fmt.Sprintf("users_%d", shared.databases.Add(1))
	require.NoError(t, shared.Exec(t.Context(), "CREATE DATABASE "+name))
	t.Cleanup(func() { _ = shared.Exec(context.Background(), "DROP DATABASE "+name) })
	c := company{program: parts.BuildRegistrar(t), dir: t.TempDir(), store: shared.reopen(t, name, store.Options{})}
	require.NoError(t, c.store.Migrate(t.Context()))
	schema := c.write(t, "schema.json", `{"type": "object", "properties": {"company": {"type": "string"}}}`)
	c.settings = parts.Settings{"DATABASE_DSN": shared.DSN(name), "PROFILE_SCHEMA": schema}
	return c
}

func (c company) write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(c.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (c company) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	require.NoError(t, err)
	return string(text)
}

func (c company) monolith(t *testing.T, users int) (path string) {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, writeMonolith(&text, users))
	return c.write(t, "users.csv", text.String())
}

func (c company) run(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	stdout, err := c.program.Run(t.Context(), c.settings, args...)
	require.NoError(t, err)
	return stdout
}

func (c company) count(t *testing.T, table string) (n int) {
	t.Helper()
	require.NoError(t, c.store.Pool().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n))
	return n
}

func TestImportAndExport(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	const users = 2500
	file := c.monolith(t, users)
	require.Equal(t, "2500 rows: 2500 could be stored (dry run: nothing was), 0 already there, 0 refused\n", c.run(t, "import", "--dry-run", file))
	require.Zero(t, c.count(t, "users"))
	require.Equal(t, "2500 rows: 2500 stored, 0 already there, 0 refused\n", c.run(t, "import", file))
	require.Equal(t, "2500 rows: 0 could be stored (dry run: nothing was), 2500 already there, 0 refused\n", c.run(t, "import", "--dry-run", file))
	require.Equal(t, "2500 rows: 0 stored, 2500 already there, 0 refused\n", c.run(t, "import", "--batch", "7", file))

	for _, format := range []string{"csv", "jsonl"} {
		first, second := filepath.Join(c.dir, "first."+format), "second."+format
		c.run(t, "export", "--out", first)
		info, err := os.Stat(first)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
		empty := newCompany(t)
		require.Equal(t, "2500 rows: 2500 stored, 0 already there, 0 refused\n", empty.run(t, "import", first))
		empty.run(t, "export", "--out", filepath.Join(empty.dir, second))
		require.Equal(t, c.read(t, "first."+format), empty.read(t, second))
		require.Equal(t, c.dump(t), empty.dump(t), "the tables are equal")
		require.Equal(t, c.read(t, "first."+format), c.run(t, "export", "--format", format))
	}
}

// dump returns all values of both tables.
func (c company) dump(t *testing.T) (lines []string) {
	t.Helper()
	rows, err := c.store.Pool().QueryContext(t.Context(), `SELECT CONCAT_WS('|', id, registration_id, username, email, email_canonical, email_held, password_hash, mobile_e164, status,
		requested_at, verified_at, email_verified_at, COALESCE(mobile_verified_at, '-'), COALESCE(blocked_at, '-'), created_at, updated_at, first_name, last_name, locale,
		marketing_consent, COALESCE(consent_at, '-'), consent_source, terms_version, attributes) FROM users JOIN profiles ON user_id = id ORDER BY id`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	require.NoError(t, rows.Err())
	return lines
}

func TestImportRefusesRows(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	persist(t, c.store, registration("held@example.org", 0))
	held := registration("held@example.org", time.Second)
	persist(t, c.store, held)
	_, err := c.store.Activate(t.Context(), user.Activation{Registration: held, At: time.Now(), EmailProven: true})
	require.NoError(t, err)
	file := c.write(t, "users.csv", "email,first_name,last_name,password_hash,username\n"+
		"a@example.org,Ada,L,"+hashes[0]+",ada\n"+"held@example.org,Ada,L,"+hashes[0]+",bob\n"+"c@example.org,,L,x,root\n"+"d@example.org,Ada,L,"+hashes[0]+",ADA\n")
	refused := filepath.Join(c.dir, "refused.csv")

	stdout, err := c.program.Run(t.Context(), c.settings, "import", file, "--refused", refused)
	require.Equal(t, "4 rows: 1 stored, 0 already there, 3 refused\n", stdout)
	require.ErrorContains(t, err, "3 of 4 rows refused; correct them in "+refused)
	require.ErrorContains(t, err, "line 3: email: another user has it; different: email_verified, username, password_hash")
	require.NotContains(t, err.Error(), "example.org", "reasons have no values")
	require.Regexp(t, `^refused,email,first_name,last_name,password_hash,username
"line 3: email: another user has it; different: [a-z_, ]+",held@example.org,Ada,L,\$2y.*,bob
line 4: password_hash: is not a password hash of a supported kind; first_name: is required; username: is reserved,c@example.org,,L,x,root
line 5: username: an earlier row has it,d@example.org,Ada,L,\$2y.*,ADA
$`, c.read(t, "refused.csv"))
	info, err := os.Stat(refused)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	mended := strings.NewReplacer("c@example.org,,L,x,root", "c@example.org,Carla,L,"+hashes[0]+",carla", ",ADA", ",dora").Replace(c.read(t, "refused.csv"))
	stdout, err = c.program.Run(t.Context(), c.settings, "import", c.write(t, "mended.csv", mended), "--refused", refused)
	require.Equal(t, "3 rows: 2 stored, 0 already there, 1 refused\n", stdout)
	require.Error(t, err)
	_, err = c.program.Run(t.Context(), c.settings, "import", refused, "--refused", refused)
	require.ErrorContains(t, err, "this is the file to import")
}

// TestImportKilled kills the import at random times and repeats it until it ends by itself. The result must be as if it had
// never been killed.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	const users = 8000
	file := c.monolith(t, users)
	kills := 0
	for stored := 0; stored < users && kills < 12; {
		p := c.program.Start(t, c.settings, "import", file, "--batch", "100")
		target := stored + 1 + rand.IntN(users/8)
		require.Eventually(t, func() bool { return c.count(t, "users") >= min(target, users) }, time.Minute, 2*time.Millisecond)
		p.Kill()
		kills++
		stored = c.count(t, "users")
		require.Zero(t, stored%100, "no batch is cut off")
		require.Zero(t, c.count(t, "users LEFT JOIN profiles ON user_id = id WHERE user_id IS NULL"))
	}
	t.Logf("%d kills", kills)
	stdout := c.run(t, "import", file)
	require.Contains(t, stdout, " 0 refused")
	require.Equal(t, users, c.count(t, "users"))
	require.Equal(t, fmt.Sprintf("%d rows: 0 stored, %[1]d already there, 0 refused\n", users), c.run(t, "import", file))
}

// test/moving has the delivery.
func TestImportAnnounces(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	file := c.monolith(t, 1500)
	_, err := c.program.Run(t.Context(), c.settings, "import", "--events", file)
	require.ErrorContains(t, err, "--events: no endpoint receives events")
	c.settings = c.settings.With("EVENTS_URL", "https://monolith.example.com/events", "EVENTS_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	_, err = c.program.Run(t.Context(), c.settings, "import", "--events", file)
	require.ErrorContains(t, err, "PRF_KEYSET: is not set", "before anything is stored")
	require.Zero(t, c.count(t, "users"))
	for key := range strings.Lines(c.run(t, "keys", "new")) {
		name, value, _ := strings.Cut(strings.TrimSpace(key), "=")
		c.settings = c.settings.With(name, value)
	}
	c.settings = c.settings.With("TEMPORAL_ADDRESS", "127.0.0.1:1")
	_, err = c.program.Run(t.Context(), c.settings, "import", "--events", file)
	require.ErrorContains(t, err, "the events are recorded, but their delivery has not started; run registrar events replay --undelivered")
	require.Equal(t, 3000, c.count(t, "events"))
	require.Equal(t, 1500, c.count(t, "users WHERE events = 2"))
}

// TestImportPage follows docs/import.md.
func TestImportPage(t *testing.T) {
	t.Parallel()
	page, err := parts.ReadPage("../../docs/import.md", "sql", "json", "sh", "text")
	require.NoError(t, err)
	c := newCompany(t)
	for _, statement := range strings.SplitAfter(page.Block(t, "monolith-table"), ");\n") {
		if strings.TrimSpace(statement) != "" {
			_, err := c.store.Pool().ExecContext(t.Context(), statement)
			require.NoError(t, err)
		}
	}
	c.settings["PROFILE_SCHEMA"] = c.write(t, "schema.json", page.Block(t, "schema"))
	c.write(t, "users.csv", c.query(t, page.Block(t, "monolith-query")))
	environ := []string{"PATH=" + filepath.Dir(string(c.program)) + ":" + os.Getenv("PATH")}
	for name, value := range c.settings {
		environ = append(environ, name+"="+value)
	}
	stdout, err := parts.Shell(t.Context(), c.dir, environ, page.Block(t, "commands"))
	require.NoError(t, err)
	unindented := func(name string) string { return strings.ReplaceAll(page.Block(t, name), "   ", "") }
	require.Equal(t, strings.TrimSpace(unindented("output")), strings.TrimSpace(stdout))
	require.Equal(t, strings.TrimSpace(unindented("refused")), strings.TrimSpace(c.read(t, "refused.csv")))

	other := newCompany(t)
	other.settings["PROFILE_SCHEMA"] = c.settings["PROFILE_SCHEMA"]
	require.Equal(t, "1 rows: 1 stored, 0 already there, 0 refused\n", other.run(t, "import", other.write(t, "users.jsonl", page.Block(t, "json-lines"))))
	require.NoError(t, page.CheckUsed())
}

// query returns the result of a statement as CSV, as clients of a database write it.
func (c company) query(t *testing.T, statement string) string {
	t.Helper()
	rows, err := c.store.Pool().QueryContext(t.Context(), statement)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	names, err := rows.Columns()
	require.NoError(t, err)
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	require.NoError(t, w.Write(names))
	for rows.Next() {
		cells, into := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		require.NoError(t, rows.Scan(into...))
		row := make([]string, len(names))
		for i, cell := range cells {
			switch v := cell.(type) {
			case nil:
			case time.Time:
				row[i] = v.Format(time.DateTime)
			case []byte:
				row[i] = string(v)
			default:
				row[i] = fmt.Sprint(v)
			}
		}
		require.NoError(t, w.Write(row))
	}
	require.NoError(t, rows.Err())
	w.Flush()
	return text.String()
}

// BenchmarkImport imports the users of a monolith into an empty table, as many as -benchtime says (-benchtime 1000000x).
func BenchmarkImport(b *testing.B) {
	s := shared.open(b)
	require.NoError(b, s.Migrate(b.Context()))
	from, to := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(to, 1<<20)
		err := writeMonolith(buffered, b.N)
		_ = to.CloseWithError(errors.Join(err, buffered.Flush()))
	}()
	checker := userimport.Checker{Rules: user.Rules{Attributes: anyAttributes{}}, Now: time.Now()}
	b.ResetTimer()
	done, err := checker.Import(b.Context(), from, s.NewImporter(store.ImportOptions{}), userimport.Options{
		Format: userimport.CSV, Batch: store.MaxImport, Refused: io.Discard,
	})
	require.NoError(b, err)
	require.Equal(b, b.N, done.Stored)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

type anyAttributes struct{}

func (anyAttributes) Check(attributes []byte) (string, []user.FieldError) {
	return string(attributes), nil
}
