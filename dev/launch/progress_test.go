package launch

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var startTime = time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)

func after(n int) time.Time { return startTime.Add(time.Duration(n) * time.Second) }

// newBuild returns a build on one core: 100 packages and a target, each of 100 bytes. One package per second has started.
func newBuild(started int) *progress {
	p := newProgress("registrar/dev/server", startTime)
	p.parallel = 1
	var packages []pkg
	for n := range 100 {
		packages = append(packages, pkg{"example.com/p" + strconv.Itoa(n), 100, true})
	}
	for n := range started {
		p.addLine(packages[n].path, after(n))
	}
	p.setPackages(append(packages, pkg{"registrar/dev/server", 100, true}, pkg{"old", 0, false}))
	return p
}

func TestLinesOfTheGoCommand(t *testing.T) {
	t.Parallel()
	p := newProgress("a", startTime)
	for _, line := range []string{
		"go: downloading go.temporal.io/server v1.32.1", "internal/goarch", "vendor/golang.org/x/net/idna", "github.com/a-b/c_d/v2",
		"gopkg.in/yaml.v3", "registrar/dev/server", "example.com/a~b/c++",
	} {
		require.True(t, p.addLine(line, startTime), line)
	}
	for _, line := range []string{
		"# registrar/dev/server", "dev/server/main.go:12:2: undefined: x", "\thave (int)", "", "note: module requires Go 1.27",
		"go: go.mod file not found in current directory or any parent directory; see 'go help modules'",
		"package registrar/dev/server is not in std", "gcc: warning: x", "signal: killed",
	} {
		require.False(t, p.addLine(line, startTime), line)
	}
	require.Equal(t, 1, p.modules)
	require.Len(t, p.packages, 6)
}

func TestTextBeforeTheFirstPackage(t *testing.T) {
	t.Parallel()
	p := newProgress("a", startTime)
	require.Equal(t, "finding packages to compile, 2 s elapsed", p.text(after(2)))
	p.addLine("go: downloading go.temporal.io/server v1.32.1", after(3))
	p.addLine("go: downloading go.temporal.io/api v1.63.5", after(3))
	require.Equal(t, "downloading modules, 2 so far, 4 s elapsed", p.text(after(4)))
	p.addLine("internal/goarch", after(5))
	require.Equal(t, "compiling package 1, 6 s elapsed", p.text(after(6)))
}

func TestTextWhileCompiling(t *testing.T) {
	t.Parallel()
	for started, want := range map[int]string{
		1:   "0%, 1 of 101 packages, 1 s elapsed",
		3:   "1%, 3 of 101 packages, 3 s elapsed", // too early for an estimate
		11:  "9%, 11 of 101 packages, 11 s elapsed, about 2 min left",
		51:  "48%, 51 of 101 packages, 51 s elapsed, about 60 s left",
		100: "95%, 100 of 101 packages, 100 s elapsed, about 10 s left",
	} {
		require.Equal(t, want, newBuild(started).text(after(started)))
	}
}

func TestEstimateAdapts(t *testing.T) {
	t.Parallel()
	p := newBuild(21)
	soon := p.estimate(after(21)).left
	p.addLine("example.com/p21", after(60)) // p20 took 39 s
	later := p.estimate(after(60)).left
	require.InDelta(t, 84, soon.Seconds(), 5)
	require.InDelta(t, 236, later.Seconds(), 5)
}

func TestTextWhileLinking(t *testing.T) {
	t.Parallel()
	p := newBuild(100)
	p.addLine("registrar/dev/server", after(100))
	require.Equal(t, "97%, linking, 100 s elapsed, about 10 s left", p.text(after(100)))
	require.Equal(t, "99%, linking, 102 s elapsed, about 10 s left", p.text(after(102)))
	require.Equal(t, "99%, linking, 200 s elapsed, about 10 s left", p.text(after(200)), "the estimate stays")
}

func TestPackagesCompiledBeforeListingCount(t *testing.T) {
	t.Parallel()
	p := newProgress("c", startTime)
	p.addLine("a", startTime)
	p.setPackages([]pkg{{"a", 10, false}, {"b", 20, true}, {"c", 30, true}, {"std", 40, false}})
	require.Equal(t, map[string]int64{"a": 10, "b": 20, "c": 30}, p.sizes)
	require.EqualValues(t, 60, p.total)
}

func TestFirstBuild(t *testing.T) {
	t.Parallel()
	few, many := newProgress("a", startTime), newProgress("a", startTime)
	few.setPackages([]pkg{{"a", 1, true}, {"b", 1, false}, {"c", 1, false}})
	many.setPackages([]pkg{{"a", 1, true}, {"b", 1, true}, {"c", 1, false}})
	require.False(t, few.isFirstBuild())
	require.True(t, many.isFirstBuild())
	require.False(t, newProgress("a", startTime).isFirstBuild())
}

// If the go command cannot list the packages, the build continues without a total.
func TestListingFails(t *testing.T) {
	t.Parallel()
	p := newProgress("a", startTime)
	p.addLine("a", startTime)
	p.setPackages(nil)
	require.Equal(t, "compiling package 1, 9 s elapsed", p.text(after(9)))
	p.setPackages([]pkg{{"a", 0, true}}) // the files were deleted
	require.Equal(t, "linking, 9 s elapsed", p.text(after(9)))
}

func TestRoundUp(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{
		time.Second: "10 s", 10 * time.Second: "10 s", 11 * time.Second: "20 s", 95 * time.Second: "100 s",
		101 * time.Second: "2 min", 2 * time.Minute: "2 min", 121 * time.Second: "3 min",
	} {
		require.Equal(t, want, roundUp(left), left)
	}
}

// After an edit of the target alone, nothing is compiled before it, so the time per byte is unknown.
func TestOnlyTheTargetIsStale(t *testing.T) {
	t.Parallel()
	p := newProgress("a", startTime)
	p.addLine("a", after(1))
	p.setPackages([]pkg{{"a", 1000, true}, {"b", 1_000_000, false}})
	require.Zero(t, p.estimate(after(4)))
	require.Equal(t, "linking, 4 s elapsed", p.text(after(4)))
	d, out := newTestDisplay(100)
	d.show(after(4), p.estimate(after(4)).share, p.text(after(4)))
	require.Contains(t, out.String(), "] linking, 4 s elapsed")
}
