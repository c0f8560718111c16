package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGoals(t *testing.T) {
	t.Parallel()
	require.True(t, Goal{atLeast, 0.55}.met(0.55))
	require.False(t, Goal{atLeast, 0.55}.met(0.549))
	require.True(t, Goal{atMost, 50}.met(50))
	require.False(t, Goal{atMost, 50}.met(50.1))
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", 0.5512: "0.551", 0.04: "0.040", 1: "1.00", 9.876: "9.88", 26.44: "26.4", 326.4: "326", 10_000: "10000", -3.25: "-3.25",
	} {
		require.Equal(t, want, number(v))
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	r := newRun(false, time.Date(2026, 11, 29, 2, 0, 0, 0, time.UTC))
	r.part = "rate"
	r.Add("dev/rate/hashing/10/of-hashing", "registrations, of bare hashing", "", 0.5, 0.6, 0.4)
	r.Add("dev/answer/plain/1/p50", "POST → 201, p50", "ms", 11)
	r.Add("other", "something without a goal", "MB", 3)
	table := r.report.Table()
	require.Contains(t, table, "| rate | registrations, of bare hashing | 0.500   | 0.400–0.600 | ≥ 0.550 | no  |")
	require.Contains(t, table, "| rate | POST → 201, p50                | 11.0 ms |             | ≤ 12.0  | yes |")
	require.Contains(t, table, "| rate | something without a goal       | 3.00 MB |             |         |     |")
	require.NotContains(t, table, "Short run")
	short := newRun(true, time.Now())
	short.Add("dev/answer/plain/1/p50", "POST → 201, p50", "ms", 11)
	require.Contains(t, short.report.Table(), "Short run")
	require.Nil(t, short.report.Figures[0].Goal)
}

func TestFiles(t *testing.T) {
	t.Parallel()
	r := newRun(false, time.Now())
	r.Add("dev/rss/50-callers", "memory", "MB", 500)
	r.finish([]error{errors.New("part users: no space")})
	folder := filepath.Join(t.TempDir(), "new")
	require.NoError(t, r.report.write(folder))
	text, err := os.ReadFile(filepath.Join(folder, "bench.json"))
	require.NoError(t, err)
	var read Report
	require.NoError(t, json.Unmarshal(text, &read))
	require.Equal(t, []string{"part users: no space"}, read.Failed)
	require.Equal(t, r.report.Figures, read.Figures)
	require.False(t, *read.Figures[0].Met)
	table, err := os.ReadFile(filepath.Join(folder, "bench.md"))
	require.NoError(t, err)
	require.Equal(t, r.report.Table()+r.report.Scale(), string(table))
}

func TestChoose(t *testing.T) {
	t.Parallel()
	all, err := choose(nil)
	require.NoError(t, err)
	require.Len(t, all, len(parts))
	some, err := choose([]string{"memory", "rate"})
	require.NoError(t, err)
	require.Equal(t, []string{"memory", "rate"}, []string{some[0].name, some[1].name})
	_, err = choose([]string{"speed"})
	require.ErrorContains(t, err, `"speed"`)
}
