package temporalserver

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

func TestAnExistingFileGetsNewSearchAttributes(t *testing.T) {
	t.Parallel()
	keyword := enums.INDEXED_VALUE_TYPE_KEYWORD
	file := filepath.Join(t.TempDir(), "temporal.db")
	setup(t, Options{DataFile: file, SearchAttributes: attributes{"First": keyword}}).Stop()

	s := setup(t, Options{DataFile: file, SearchAttributes: attributes{"First": keyword, "Second": keyword}})
	second := temporal.NewSearchAttributeKeyKeyword("Second")
	_, err := dial(t, s).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		TaskQueue: "nobody", TypedSearchAttributes: temporal.NewSearchAttributes(second.ValueSet("x")),
	}, "anything")
	require.NoError(t, err)
	s.Stop()

	_, err = Start(t.Context(), Options{DataFile: file, Logger: silent,
		SearchAttributes: attributes{"First": enums.INDEXED_VALUE_TYPE_INT}})
	require.ErrorContains(t, err, "First is Keyword in this data file")
}

func TestOnlyUsedIndexesAreCreated(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	require.NoError(t, create(t.Context(), file))
	db, err := sql.Open("sqlite", "file:"+escape(file))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	var names string
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT group_concat(name) FROM sqlite_master
		WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL`).Scan(&names))
	require.ElementsMatch(t, usedIndexes, strings.Split(names, ","))
}

func TestLeftoverFilesAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "temporal.db")
	for _, name := range []string{".new", ".new-journal", "-wal", "-shm", "-journal"} {
		require.NoError(t, os.WriteFile(file+name, []byte("half of something"), 0o600))
	}
	s := setup(t, Options{DataFile: file})
	c := dial(t, s)
	runWorker(t, c)
	_, err := signUpOnce(t.Context(), c)
	require.NoError(t, err)
	require.NoFileExists(t, file+".new")
	require.NoFileExists(t, file+".new-journal")
}

func TestUnusableFilesAreRefusedUnchanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write     func(t *testing.T, file string)
		wantError string
	}{
		"a newer schema": {func(t *testing.T, file string) {
			require.NoError(t, create(t.Context(), file))
			change(t, file, `UPDATE schema_version SET curr_version = '0.99' WHERE db_name = 'temporal'`)
		}, "0.99"},
		"another program's database": {func(t *testing.T, file string) {
			change(t, file, `CREATE TABLE recipes (name TEXT)`)
		}, "not created by this program"},
		"not a database": {func(t *testing.T, file string) {
			require.NoError(t, os.WriteFile(file, []byte("a shopping list, long enough to be looked at"), 0o600))
		}, "not created by this program"},
		"an empty file": {func(t *testing.T, file string) {
			require.NoError(t, os.WriteFile(file, nil, 0o600))
		}, "not created by this program"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "temporal.db")
			c.write(t, file)
			_, err := Start(t.Context(), Options{DataFile: file, Logger: silent})
			var unusable *DataFileError
			require.ErrorAs(t, err, &unusable)
			require.Equal(t, file, unusable.File)
			require.ErrorContains(t, err, c.wantError)
		})
	}
}

func change(t *testing.T, file, statement string) {
	db, err := sql.Open("sqlite", "file:"+escape(file))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestAMissingFolderIsAnError(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Options{DataFile: filepath.Join(t.TempDir(), "missing", "temporal.db"), Logger: silent})
	require.ErrorContains(t, err, "missing")
}
