package launch

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var began = time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)

func after(n int) time.Time { return began.Add(time.Duration(n) * time.Second) }

// building is a build on one core of 100 packages of 100 bytes and a target as large as them, with so many begun: one a
// second.
func building(begun int) *progress {
	p := newProgress("registrar/dev/server", began)
	p.parallel = 1
	var packages []pkg
	for n := range 100 {
		packages = append(packages, pkg{"example.com/p" + strconv.Itoa(n), 100, true})
	}
	for n := range begun {
		p.line(packages[n].path, after(n))
	}
	p.plan(append(packages, pkg{"registrar/dev/server", 100, true}, pkg{"old", 0, false}))
	return p
}

func TestLinesOfTheGoCommand(t *testing.T) {
	t.Parallel()
	p := newProgress("a", began)
	for _, line := range []string{
		"go: downloading go.temporal.io/server v1.32.1", "internal/goarch", "vendor/golang.org/x/net/idna", "github.com/a-b/c_d/v2",
		"gopkg.in/yaml.v3", "registrar/dev/server", "example.com/a~b/c++",
	} {
		require.True(t, p.line(line, began), line)
	}
	for _, line := range []string{
		"# registrar/dev/server", "dev/server/main.go:12:2: undefined: x", "\thave (int)", "", "note: module requires Go 1.27",
		"go: go.mod file not found in current directory or any parent directory; see 'go help modules'",
		"package registrar/dev/server is not in std", "gcc: warning: x", "signal: killed",
	} {
		require.False(t, p.line(line, began), line)
	}
	require.Equal(t, 1, p.modules)
	require.Len(t, p.packages, 6)
}

func TestTextBeforeTheFirstPackage(t *testing.T) {
	t.Parallel()
	p := newProgress("a", began)
	require.Equal(t, "finding what has to be compiled, 2 s so far", p.text(after(2)))
	p.line("go: downloading go.temporal.io/server v1.32.1", after(3))
	p.line("go: downloading go.temporal.io/api v1.63.5", after(3))
	require.Equal(t, "downloading modules, 2 until now, 4 s so far", p.text(after(4)))
	p.line("internal/goarch", after(5))
	require.Equal(t, "compiling package 1, 6 s so far", p.text(after(6)))
}

func TestTextWhileCompiling(t *testing.T) {
	t.Parallel()
	for begun, want := range map[int]string{
		1:   "0%, 1 of 101 packages, 1 s so far",
		3:   "1%, 3 of 101 packages, 3 s so far", // too early to tell
		11:  "9%, 11 of 101 packages, 11 s so far, about 2 min left",
		51:  "48%, 51 of 101 packages, 51 s so far, about 60 s left",
		100: "95%, 100 of 101 packages, 100 s so far, about 10 s left",
	} {
		require.Equal(t, want, building(begun).text(after(begun)))
	}
}

func TestTheEstimateLearns(t *testing.T) {
	t.Parallel()
	p := building(21)
	soon := p.estimate(after(21)).left
	p.line("example.com/p21", after(60)) // the one before took 39 s
	later := p.estimate(after(60)).left
	require.InDelta(t, 84, soon.Seconds(), 5)
	require.InDelta(t, 236, later.Seconds(), 5)
}

func TestTextWhileLinking(t *testing.T) {
	t.Parallel()
	p := building(100)
	p.line("registrar/dev/server", after(100))
	require.Equal(t, "97%, linking, 100 s so far, about 10 s left", p.text(after(100)))
	require.Equal(t, "99%, linking, 102 s so far, about 10 s left", p.text(after(102)))
	require.Equal(t, "99%, linking, 200 s so far, about 10 s left", p.text(after(200)), "it cannot know better")
}

func TestWhatWasCompiledBeforeItWasListedCounts(t *testing.T) {
	t.Parallel()
	p := newProgress("c", began)
	p.line("a", began)
	p.plan([]pkg{{"a", 10, false}, {"b", 20, true}, {"c", 30, true}, {"std", 40, false}})
	require.Equal(t, map[string]int64{"a": 10, "b": 20, "c": 30}, p.sizes)
	require.EqualValues(t, 60, p.total)
}

func TestTheFirstBuildIsOfMostPackages(t *testing.T) {
	t.Parallel()
	few, many := newProgress("a", began), newProgress("a", began)
	few.plan([]pkg{{"a", 1, true}, {"b", 1, false}, {"c", 1, false}})
	many.plan([]pkg{{"a", 1, true}, {"b", 1, true}, {"c", 1, false}})
	require.False(t, few.isFirst())
	require.True(t, many.isFirst())
	require.False(t, newProgress("a", began).isFirst())
}

// What the go command cannot list, it compiles all the same.
func TestAPlanOfNothing(t *testing.T) {
	t.Parallel()
	p := newProgress("a", began)
	p.line("a", began)
	p.plan(nil)
	require.Equal(t, "compiling package 1, 9 s so far", p.text(after(9)))
	p.plan([]pkg{{"a", 0, true}}) // files that went away
	require.Equal(t, "0%, linking, 9 s so far", p.text(after(9)))
}

func TestRoughly(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{
		time.Second: "10 s", 10 * time.Second: "10 s", 11 * time.Second: "20 s", 95 * time.Second: "100 s",
		101 * time.Second: "2 min", 2 * time.Minute: "2 min", 121 * time.Second: "3 min",
	} {
		require.Equal(t, want, roughly(left), left)
	}
}
