package userimport_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/user"
	"registrar/internal/userimport"
)

func valid(email string) string { return email + ",Ada,Lovelace," + hash }

func TestFormsOfCSV(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"byte order mark":      "\ufeff" + csvOf(header, valid("a@example.com")),
		"Windows":              strings.ReplaceAll(csvOf(header, valid("a@example.com"), ""), "\n", "\r\n"),
		"no line end":          header + "\n" + valid("a@example.com"),
		"quotes and spaces":    csvOf(`" Email ","first_name","last_name","password_hash"`, `" a@example.com ",Ada , Lovelace,"`+hash+`"`),
		"blank lines":          csvOf("\n"+header, "", valid("a@example.com"), "  ", ""),
		"another order":        csvOf("password_hash,last_name,first_name,email", hash+",Lovelace,Ada,a@example.com"),
		"of an earlier import": csvOf("refused,"+header, "because,"+valid("a@example.com")),
	} {
		o := run(t, userimport.CSV, file)
		require.NoError(t, o.err, name)
		require.Empty(t, o.reasons, name)
		require.Equal(t, 1, o.Stored, name)
		require.Equal(t, "a@example.com", o.users[0].Email, name)
		require.Equal(t, "Lovelace", o.users[0].LastName, name)
	}
	o := run(t, userimport.CSV, csvOf(header+",attributes", valid("a@example.com")+",\"{\"\"company\"\":\n\"\"C\"\"}\"", valid("b@example.com")+","))
	require.Empty(t, o.reasons)
	require.JSONEq(t, `{"company":"C"}`, o.users[0].Attributes, "a quoted cell may have line ends")
}

func TestHeader(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"":                                   "the file is empty",
		"\n\n":                               "the file is empty",
		"\ufeff":                             "the file is empty",
		"email,first_name,last_name":         `the header has no column "password_hash"`,
		header + ",email":                    `the header has the column "email" twice`,
		header + ",shoe_size":                `the header: there is no column "shoe_size"; the columns are id, registration_id, email`,
		strings.ReplaceAll(header, ",", ";"): "the columns must be separated by commas",
		"\xff\xfee\x00m\x00":                 "the file is UTF-16",
		`email"x,first_name`:                 "the header has a quote in a cell",
		strings.Repeat("x", 200_000):         "the header is longer than 128 KiB",
	} {
		o := run(t, userimport.CSV, file)
		require.ErrorContains(t, o.err, want)
	}
	require.NoError(t, run(t, userimport.CSV, header).err, "a file without rows")
}

// TestBrokenRows has rows that are no rows of CSV. The rows around them are stored.
func TestBrokenRows(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]string{
		"b@example.com,Ada":              "line 3: row: has 2 cells, but the header has 4",
		valid("b@example.com") + ",,":    "line 3: row: has 6 cells, but the header has 4",
		valid("b\xff@example.com"):       "line 3: row: is not valid UTF-8 text",
		`b@example.com,5" pipe "",x,y`:   "row: has a quote in a cell",
		`b@example.com,"Ada"x,"y",z`:     "line 3: row: has a quoted cell that does not end with a quote",
		"b@example.com,\"Ada\n\"x,\"y\"": "lines 3 to 4: row: has a quoted cell that does not end with a quote",
	} {
		o := run(t, userimport.CSV, csvOf(header, valid("a@example.com"), row, valid("c@example.com")))
		require.NoError(t, o.err)
		require.Len(t, o.reasons, 1, row)
		require.Contains(t, o.reasons[0], want)
		if strings.Count(row, `"`)%2 == 0 {
			require.Equal(t, 2, o.Stored, row)
		}
		require.Contains(t, o.refused, row, "the file has the row as it was")
	}
}

func TestUnclosedQuote(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString(header + "\n" + valid("a@example.com") + "\n\"b@example.com,Ada,Lovelace,x\n")
	for file.Len() < 150<<10 {
		file.WriteString(valid("c@example.com") + "\n")
	}
	file.WriteString(valid("d@example.com") + "\n")
	o := run(t, userimport.CSV, file.String())
	require.NoError(t, o.err)
	require.Len(t, o.reasons, 1)
	require.Regexp(t, `^lines 3 to \d{4}: row: is longer than 128 KiB, perhaps because a quote is not closed`, o.reasons[0])
	require.Greater(t, o.Stored, 100, "rows after it are read again")
	require.Equal(t, "d@example.com", o.users[len(o.users)-1].Email)
}

// TestHugeRow reads a row that is larger than a machine's memory should be.
func TestHugeRow(t *testing.T) {
	t.Parallel()
	for format, start := range map[userimport.Format]string{userimport.CSV: header + "\n", userimport.JSONL: ""} {
		end := map[userimport.Format]string{userimport.CSV: "\n" + valid("z@example.com"), userimport.JSONL: "\n" + `{"email":"z@example.com","first_name":"A","last_name":"B","password_hash":"` + hash + `"}`}[format]
		file := io.MultiReader(strings.NewReader(start), io.LimitReader(endless{}, 256<<20), strings.NewReader(end))
		var refused bytes.Buffer
		store := &fake{}
		done, err := checker(t).Import(t.Context(), file, store, userimport.Options{Format: format, Batch: 1000, Refused: &refused})
		require.NoError(t, err)
		require.Equal(t, 1, done.Stored)
		require.Equal(t, 1, done.Refused)
		require.Less(t, refused.Len(), 1000)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestFormsOfJSON(t *testing.T) {
	t.Parallel()
	row := `{"email":"a@example.com","first_name":"A","last_name":"B","password_hash":"` + hash + `"}`
	for _, file := range []string{row, "\ufeff" + row + "\r\n\r\n", "\n" + row + "\n", `{"refused":"because",` + row[1:]} {
		o := run(t, userimport.JSONL, file)
		require.NoError(t, o.err)
		require.Empty(t, o.reasons)
		require.Equal(t, 1, o.Stored)
	}
	for broken, want := range map[string]string{
		`{"email":"ada@example.com","email":"eve@example.com"}`: `has the member "email" twice`,
		"[]": "is not a JSON object", "null": "is not a JSON object", `{"email":`: "is not a JSON object", row + row: "is not a JSON object", "x": "is not a JSON object",
		`{"email":"\xff"}`: "is not valid UTF-8 text", `{"shoe":1,"email":{}}`: `has a value of the wrong type in "email"; there is no column "shoe"`,
		`{"attributes":[]}`: `has a value of the wrong type in "attributes"`,
	} {
		broken = strings.ReplaceAll(broken, `\xff`, "\xff")
		o := run(t, userimport.JSONL, row+"\n"+broken+"\n"+row)
		require.NoError(t, o.err)
		require.Len(t, o.reasons, 1)
		require.Contains(t, o.reasons[0], "line 2: row: "+want)
		require.Equal(t, 2, o.Stored)
		require.Equal(t, 1, strings.Count(o.refused, "\n"), o.refused)
	}
}

// TestRefusedFileIsImported mends the refused rows and imports them.
func TestRefusedFileIsImported(t *testing.T) {
	t.Parallel()
	file := csvOf(header+",username", valid("a@example.com")+",ada", valid("b@")+",bob", valid("c@example.com")+`,"root"`, "d@example.com,Dora")
	o := run(t, userimport.CSV, file)
	require.Equal(t, "refused,"+header+",username\n"+
		"line 3: email: must be one email address such as name@example.com,"+valid("b@")+",bob\n"+
		"line 4: username: is reserved,"+valid("c@example.com")+",root\n"+
		"\"line 5: row: has 2 cells, but the header has 5\",d@example.com,Dora\n", o.refused)
	mended := strings.NewReplacer("b@,", "b@example.com,", ",root", ",carla").Replace(o.refused)
	again := run(t, userimport.CSV, mended)
	require.Equal(t, 2, again.Stored)
	require.Equal(t, "refused,"+header+",username\n"+
		"\"line 4: row: has 3 cells, but the header has 6\",\"line 5: row: has 2 cells, but the header has 5\",d@example.com,Dora\n", again.refused)

	o = run(t, userimport.JSONL, `{"email":"a@","first_name":"A","last_name":"<B>","password_hash":"`+hash+`","attributes":{"seats":1}}`)
	require.Contains(t, o.refused, `"refused":"line 1: email: must be`)
	again = run(t, userimport.JSONL, strings.Replace(o.refused, `"a@"`, `"a@example.com"`, 1))
	require.Empty(t, again.reasons)
	require.Equal(t, "<B>", again.users[0].LastName)
	require.JSONEq(t, `{"seats":1}`, again.users[0].Attributes)
}

func TestOutcomesOfTheStore(t *testing.T) {
	t.Parallel()
	store := &fake{outcome: func(u user.Transfer) user.Imported {
		switch u.Email {
		case "a@example.com":
			return user.Imported{Outcome: user.ImportPresent}
		case "b@example.com":
			return user.Imported{Outcome: user.ImportRefused, Problems: []user.FieldError{{Field: "email", Message: "another user has it"}}}
		}
		return user.Imported{Outcome: user.ImportStored}
	}}
	var refused bytes.Buffer
	done, err := checker(t).Import(t.Context(), strings.NewReader(csvOf(header, valid("x"), valid("a@example.com"), valid("b@example.com"), valid("c@example.com"))),
		store, userimport.Options{Format: userimport.CSV, Batch: 2, Refused: &refused})
	require.NoError(t, err)
	require.Equal(t, userimport.Result{Rows: 4, Stored: 1, Present: 1, Refused: 2, Bytes: done.Bytes}, done)
	require.Equal(t, []int{1, 2, 0}, store.batches)
	require.Contains(t, refused.String(), "line 4: email: another user has it,"+valid("b@example.com")+"\n")
}

// FuzzImport checks that every file is read to its end, row by row.
func FuzzImport(f *testing.F) {
	f.Add([]byte(csvOf(header, valid("a@example.com"), `"`, "a,b")), true)
	f.Add([]byte(`{"email":"a@example.com","attributes":{"seats":1}}`+"\n{\n[]"), false)
	f.Fuzz(func(t *testing.T, file []byte, asCSV bool) {
		format := userimport.JSONL
		if asCSV {
			format = userimport.CSV
		}
		o := run(t, format, string(file))
		require.Equal(t, o.Rows, o.Stored+o.Refused)
		require.Len(t, o.reasons, o.Refused)
		if o.err == nil {
			require.LessOrEqual(t, o.Rows, bytes.Count(file, []byte("\n"))+1)
		}
	})
}
