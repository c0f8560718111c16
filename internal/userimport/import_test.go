package userimport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/attribute"
	"registrar/internal/user"
	"registrar/internal/userimport"
)

const (
	hash = "$2y$05$js.JUtCwPgc97xcCisrAze0.x/54CxNcUplinoGRlWwa57Yw/yYaS"
	id   = "0198a6a0-5d2c-7c3e-9b1d-2f4f6a8c0e11"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fake is a store that remembers users. It stores all of them, unless outcome is set.
type fake struct {
	users   []user.Transfer
	batches []int
	outcome func(user.Transfer) user.Imported
	failure error
}

func (f *fake) Import(_ context.Context, users []user.Transfer) ([]user.Imported, error) {
	if f.failure != nil {
		return nil, f.failure
	}
	f.batches = append(f.batches, len(users))
	done := make([]user.Imported, len(users))
	for i, t := range users {
		done[i].Outcome = user.ImportStored
		if f.outcome != nil {
			done[i] = f.outcome(t)
		}
	}
	f.users = append(f.users, users...)
	return done, nil
}

func checker(t testing.TB) userimport.Checker {
	t.Helper()
	schema, err := attribute.Parse([]byte(`{"type": "object", "additionalProperties": false, "properties": {
		"company": {"type": "string", "maxLength": 20}, "seats": {"type": "integer"}, "beta": {"type": "boolean"}, "tags": {"type": "array"}}}`))
	require.NoError(t, err)
	return userimport.Checker{Rules: user.Rules{Attributes: schema, DefaultRegion: "DE"}, Schema: schema, Now: now}
}

// outcome is everything that an import returned and wrote.
type outcome struct {
	userimport.Result
	fake
	refused string
	reasons []string
	err     error
}

func run(t testing.TB, format userimport.Format, file string) (o outcome) {
	t.Helper()
	var refused bytes.Buffer
	o.Result, o.err = checker(t).Import(t.Context(), strings.NewReader(file), &o.fake, userimport.Options{
		Format: format, Batch: 3, Refused: &refused,
		Report: func(place, reason string) { o.reasons = append(o.reasons, place+": "+reason) },
	})
	o.refused = refused.String()
	return o
}

func csvOf(header string, rows ...string) string {
	return header + "\n" + strings.Join(rows, "\n") + "\n"
}

const header = "email,first_name,last_name,password_hash"

func TestSmallestFile(t *testing.T) {
	t.Parallel()
	want := user.Transfer{
		Record: user.Record{Email: "Ada@example.com", FirstName: "Ada", LastName: "Lovelace", Locale: "en", Status: user.StatusActive},

		EmailCanonical: "ada@example.com", PasswordHash: hash,
	}
	for name, file := range map[userimport.Format]string{
		userimport.CSV:   csvOf(header, "Ada@example.com,Ada,Lovelace,"+hash),
		userimport.JSONL: `{"email": "Ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password_hash": "` + hash + `"}`,
	} {
		o := run(t, name, file)
		require.NoError(t, o.err)
		require.Equal(t, []user.Transfer{want}, o.users)
		require.Equal(t, userimport.Result{Rows: 1, Stored: 1, Bytes: int64(len(file))}, o.Result)
		require.Empty(t, o.refused)
	}
}

func everything() user.Transfer {
	at := func(days int) time.Time { return time.Date(2020, 1, 1+days, 8, 30, 0, 123456000, time.UTC) }
	return user.Transfer{
		Record: user.Record{
			ID: id, RegistrationID: strings.Replace(id, "0198", "0199", 1), Status: user.StatusBlocked,
			Email: "Zoë@bücher.example", Username: "Zoe.L", Mobile: "+491701234567",
			RequestedAt: at(1), CreatedAt: at(2), UpdatedAt: at(3), VerifiedAt: at(4), EmailVerifiedAt: at(5), MobileVerifiedAt: at(6), BlockedAt: at(7),
			FirstName: `Zoë "Z", the`, LastName: "L<i>&\u200dn", Locale: "pt-BR", MarketingConsent: true, ConsentAt: at(8), ConsentSource: "registration",
			TermsVersion: "2019-12", TermsAcceptedAt: at(9), Attributes: `{"beta":true,"company":"a, \"b\" <c>","seats":3,"tags":["x",1]}`,
		},
		PasswordHash: hash, EmailVerified: true, MobileVerified: true,
	}
}

type pages []user.Transfer

func (p pages) Export(_ context.Context, after string, limit int) ([]user.Transfer, error) {
	page := slices.Collect(func(yield func(user.Transfer) bool) {
		for _, t := range p {
			if t.ID > after && !yield(t) {
				return
			}
		}
	})
	return page[:min(limit, len(page))], nil
}

func TestExportIsImported(t *testing.T) {
	t.Parallel()
	whole := everything()
	whole.Email, whole.EmailCanonical = "Zoë@xn--bcher-kva.example", "zoë@xn--bcher-kva.example"
	lost := user.Transfer{
		Record: user.Record{
			ID: strings.Replace(id, "0198", "0199", 1), FirstName: "Bob", LastName: "B", Locale: "en", Status: user.StatusActive, EmailReleasedAt: now,
		},
		PasswordHash: hash, EmailReleasedBy: id,
	}
	users := pages{whole, lost}
	for i := range 1500 { // more than a page
		one := lost
		one.ID = fmt.Sprintf("0200a6a0-5d2c-7c3e-9b1d-%012d", i)
		users = append(users, one)
	}
	for _, format := range userimport.Formats {
		var file bytes.Buffer
		n, err := userimport.Export(t.Context(), users, &file, format, func(int) {})
		require.NoError(t, err)
		require.Equal(t, len(users), n)
		o := run(t, format, file.String())
		require.NoError(t, o.err)
		require.Empty(t, o.reasons)
		require.Equal(t, []user.Transfer(users), o.users)
	}
	var none bytes.Buffer
	_, err := userimport.Export(t.Context(), pages{}, &none, userimport.CSV, func(int) {})
	require.NoError(t, err)
	require.Equal(t, strings.Join(userimport.Columns(), ",")+"\n", none.String())
}

// TestBrokenValues has a value for each column that it refuses.
func TestBrokenValues(t *testing.T) {
	t.Parallel()
	cases := map[string]map[string]string{ // column, value, reason
		"id":                 {"7": "id: must be a UUID", "{" + id + "}": "id: must be a UUID"},
		"registration_id":    {"x": "registration_id: must be a UUID"},
		"email":              {"": "email: is required", "ada": "email: must be one email address", strings.Repeat("a", 250) + "@example.com": "email: must have at most 254 bytes"},
		"email_verified":     {"maybe": "email_verified: must be true or false"},
		"email_verified_at":  {"yesterday": "email_verified_at: must be a time"},
		"username":           {"a b": "username: may contain only", "ad": "username: must have at least 3", "root": "username: is reserved", strings.Repeat("a", 31): "username: must have at most 30"},
		"mobile_number":      {"12": "mobile_number: has too few digits", "x": "mobile_number: may contain only"},
		"mobile_verified":    {"true": "mobile_verified: is true, but there is nothing to verify", "2": "mobile_verified: must be true or false"},
		"mobile_verified_at": {"2020-01-01": "mobile_verified: is true, but there is nothing to verify"},
		"first_name":         {"": "first_name: is required", strings.Repeat("é", 31): "first_name: must have at most 30 characters", "a\u202eb": "first_name: must not contain"},
		"last_name":          {"": "last_name: is required"},
		"locale":             {"klingon!": "locale: must be a language tag"},
		"status":             {"deleted": "status: must be active or blocked", "pending_verification": "status: must be active or blocked: no workflow"},
		"password_hash": {
			"": "password_hash: is required", "secret": "password_hash: is not a password hash of a supported kind",
			"$2y$05$short": "password_hash: is a broken password hash", "$2y$31" + hash[6:]: "password_hash: is a password hash that takes too much",
		},
		"marketing_consent": {"?": "marketing_consent: must be true or false"},
		"consent_at":        {"2026-13-01": "consent_at: must be a time", "0000-00-00 00:00:00": "consent_at: must be a time", "2026-03-03": "consent_at: is in the future"},
		"consent_source":    {strings.Repeat("x", 65): "consent_source: must have at most 64 characters"},
		"terms_version":     {"2020": "terms_accepted_at: is required with terms_version", strings.Repeat("x", 65): "terms_version: must have at most 64"},
		"terms_accepted_at": {"2020-01-01": "terms_version: is required with terms_accepted_at"},
		"attributes": {
			"[1]": "attributes: must be an object", "{": "attributes: is not valid JSON", `{"other":1}`: "attributes: has a field", `{"seats":"x"}`: "attributes.seats: must be of the type integer",
			`{"company":"` + strings.Repeat("x", 21) + `"}`: "attributes.company: must have at most 20",
		},
		"requested_at":      {"1": "requested_at: must be a time"},
		"verified_at":       {"1969-12-31": "verified_at: must be a time"},
		"blocked_at":        {"2020-01-01": "blocked_at: is only for a blocked user"},
		"email_released_at": {"2020-01-01": "email_released_at: is only for a user without an email"},
		"email_released_by": {"x": "email_released_by: must be a UUID"},
		"created_at":        {"2099-01-01T00:00:00Z": "created_at: is in the future"},
		"updated_at":        {"2020-02-30": "updated_at: must be a time"},
	}
	require.Len(t, cases, len(userimport.Columns()))
	for column, values := range cases {
		for value, reason := range values {
			valid := map[string]string{"email": "ada@example.com", "first_name": "Ada", "last_name": "L", "password_hash": hash}
			valid[column] = value
			for format, file := range filesOf(t, valid) {
				o := run(t, format, file)
				require.NoError(t, o.err)
				require.Len(t, o.reasons, 1, "%s %q", column, value)
				require.Contains(t, o.reasons[0], reason)
				require.NotContains(t, o.reasons[0], "; ", "one problem")
				require.Contains(t, o.refused, reason, "%s", format)
				require.Empty(t, o.users)
			}
		}
	}
}

// filesOf returns files with one row.
func filesOf(t testing.TB, row map[string]string) iter.Seq2[userimport.Format, string] {
	t.Helper()
	return func(yield func(userimport.Format, string) bool) {
		names := slices.Sorted(func(yield func(string) bool) {
			for name := range row {
				if !yield(name) {
					return
				}
			}
		})
		cells, members := make([]string, len(names)), make([]string, len(names))
		for i, name := range names {
			cells[i] = `"` + strings.ReplaceAll(row[name], `"`, `""`) + `"`
			members[i] = fmt.Sprintf("%q:%s", name, jsonText(name, row[name]))
		}
		if !yield(userimport.CSV, csvOf(strings.Join(names, ","), strings.Join(cells, ","))) {
			return
		}
		if strings.HasPrefix(row["attributes"], "[") || row["attributes"] == "{" { // not a row with members then
			return
		}
		yield(userimport.JSONL, "{"+strings.Join(members, ",")+"}\n")
	}
}

func jsonText(name, text string) string {
	if name == "attributes" {
		return text
	}
	return fmt.Sprintf("%q", text)
}

func TestEveryProblemOfARow(t *testing.T) {
	t.Parallel()
	o := run(t, userimport.CSV, csvOf("email,first_name,last_name,password_hash,username,created_at", "ada,,Lovelace,md5,admin,never"))
	require.NoError(t, o.err)
	require.Len(t, o.reasons, 1)
	for _, field := range []string{"email", "first_name", "password_hash", "username", "created_at"} {
		require.Contains(t, o.reasons[0], field+": ")
	}
	require.NotContains(t, o.reasons[0], "md5")
}

func TestNotationsOfValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-02-03T04:05:06Z": "2026-02-03T04:05:06Z", "2026-02-03T04:05:06.123456789+02:00": "2026-02-03T02:05:06.123456Z",
		"2026-02-03 04:05:06": "2026-02-03T04:05:06Z", "2026-02-03 04:05:06.5": "2026-02-03T04:05:06.5Z", "2026-02-03 04:05:06.5+00": "2026-02-03T04:05:06.5Z",
		"2026-02-03 04:05:06+05:30": "2026-02-02T22:35:06Z", "2026-02-03T04:05:06": "2026-02-03T04:05:06Z", "2026-02-03": "2026-02-03T00:00:00Z",
	} {
		o := run(t, userimport.CSV, csvOf(header+",created_at", "a@example.com,A,B,"+hash+","+text))
		require.Empty(t, o.reasons, text)
		require.Equal(t, want, o.users[0].CreatedAt.Format(time.RFC3339Nano), text)
	}
	for text, want := range map[string]bool{"true": true, "T": true, "1": true, "yes": true, "Y": true, "false": false, "f": false, "0": false, "No": false, "": false} {
		o := run(t, userimport.CSV, csvOf(header+",email_verified,marketing_consent", "a@example.com,A,B,"+hash+","+text+","+text))
		require.Empty(t, o.reasons, text)
		require.Equal(t, want, o.users[0].EmailVerified)
		require.Equal(t, want, o.users[0].MarketingConsent)
	}
	o := run(t, userimport.CSV, csvOf(header+",email_verified,email_verified_at", "a@example.com,A,B,"+hash+",false,2020-01-01"))
	require.Equal(t, []string{"line 2: email_verified: is false, but there is a time"}, o.reasons)
	o = run(t, userimport.JSONL, `{"email":"a@example.com","first_name":"A","last_name":"B","password_hash":"`+hash+`","email_verified":1,"marketing_consent":true,"username":null}`)
	require.Empty(t, o.reasons)
	require.True(t, o.users[0].EmailVerified && o.users[0].MarketingConsent)
}

func TestAttributeColumns(t *testing.T) {
	t.Parallel()
	o := run(t, userimport.CSV, csvOf(header+",attributes.company,attributes.seats,attributes.beta,attributes.tags,attributes",
		"a@example.com,A,B,"+hash+`,007,3,yes,"[1,""x""]",`,
		"b@example.com,A,B,"+hash+`,,,,,"{""company"":""C""}"`,
		"c@example.com,A,B,"+hash+`,,3,,,"{""company"":""C""}"`,
		"d@example.com,A,B,"+hash+`,,many,,,`,
	))
	require.NoError(t, o.err)
	require.Equal(t, []string{"line 5: attributes.seats: must be of the type integer"}, o.reasons)
	require.Equal(t, `{"beta":true,"company":"007","seats":3,"tags":[1,"x"]}`, o.users[0].Attributes)
	require.Equal(t, `{"company":"C"}`, o.users[1].Attributes)
	require.Equal(t, `{"company":"C","seats":3}`, o.users[2].Attributes)
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	store := &fake{}
	rows := slices.Repeat([]string{"a@example.com,A,B," + hash}, 10)
	done, err := checker(t).Import(ctx, strings.NewReader(csvOf(header, rows...)), store, userimport.Options{
		Format: userimport.CSV, Batch: 4, Refused: io.Discard, Progress: func(userimport.Result) { cancel() },
	})
	require.ErrorIs(t, err, userimport.ErrInterrupted)
	require.Less(t, done.Rows, 10)
	require.Len(t, store.users, done.Stored, "no batch is cut off")

	from, _ := io.Pipe() // a pipe without an end
	_, err = checker(t).Import(ctx, from, store, userimport.Options{Format: userimport.JSONL, Batch: 4, Refused: io.Discard})
	require.ErrorIs(t, err, userimport.ErrInterrupted)
}

func TestStoreFails(t *testing.T) {
	t.Parallel()
	down := errors.New("the database is down")
	_, err := checker(t).Import(t.Context(), strings.NewReader(csvOf(header, "a@example.com,A,B,"+hash)), &fake{failure: down},
		userimport.Options{Format: userimport.CSV, Batch: 4, Refused: io.Discard})
	require.ErrorIs(t, err, down)
	_, err = checker(t).Import(t.Context(), io.MultiReader(strings.NewReader(csvOf(header, "a@example.com,A,B,"+hash)), brokenDisk{}), &fake{},
		userimport.Options{Format: userimport.CSV, Batch: 4, Refused: io.Discard})
	require.ErrorIs(t, err, io.ErrNoProgress)
}

type brokenDisk struct{}

func (brokenDisk) Read([]byte) (int, error) { return 0, io.ErrNoProgress }
