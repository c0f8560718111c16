// Package browser tests what people see, with Chromium against the service of go run ./dev: the sign-up page with and without
// JavaScript, the embedded form, the pages of the links in emails, the outbox and the API reference.
//
// task test:browser builds the service and runs the tests. -update writes the pictures for the docs.
package browser

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// screenshotDir is the folder for the screenshots of every state and of failed tests. Git ignores it.
const screenshotDir = "screenshots"

var (
	update = flag.Bool("update", false, "write the pictures in docs/images")

	// browserContext is the context of the only browser. Each test has its own profile in it.
	browserContext context.Context
	// tempDir is the folder for the data and logs of the services.
	tempDir = newTempDir()
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// run returns the exit code of the tests.
func run(m *testing.M) int {
	defer func() { _ = os.RemoveAll(tempDir) }()
	for _, needed := range []string{servicePath, axePath} {
		if _, err := os.Stat(needed); err != nil {
			fmt.Fprintf(os.Stderr, "%v: run these tests with: task test:browser\n", err)
			return 1
		}
	}
	stop, err := startBrowser()
	if err != nil {
		fmt.Fprintf(os.Stderr, "start Chromium (on Debian: apt-get install chromium fonts-noto-core): %v\n", err)
		return 1
	}
	defer stop()
	defer stopServices()
	code := m.Run()
	journeys.print()
	return code
}

func newTempDir() string {
	dir, err := os.MkdirTemp("", "registrar-browser-")
	if err != nil {
		panic(err)
	}
	return dir
}

// startBrowser starts Chromium without a window.
func startBrowser() (stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("no-sandbox", true), // the tests run as root in CI, and open only their own pages
		chromedp.Flag("lang", "en-US"),
		chromedp.Flag("font-render-hinting", "none"), // the same text width on every machine
		chromedp.Flag("disable-gpu", true),
	)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	browserContext = ctx
	return func() { cancel(); cancelAllocator() }, chromedp.Do(ctx)
}

// journeys are the results for the table at the end.
var journeys = &results{all: map[string]result{}}

type results struct {
	mu  sync.Mutex
	all map[string]result
}

type result struct {
	failed  bool
	elapsed time.Duration
}

// record adds the result of t when it ends.
func (r *results) record(t *testing.T) {
	began := time.Now()
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all[t.Name()] = result{t.Failed(), time.Since(began)}
	})
}

// print prints a line for each journey, and the number of journeys.
func (r *results) print() {
	r.mu.Lock()
	defer r.mu.Unlock()
	failed := 0
	for _, name := range slices.Sorted(maps.Keys(r.all)) {
		outcome := "ok"
		if r.all[name].failed {
			outcome = "FAILED"
			failed++
		}
		fmt.Printf("%-6s %5.1fs  %s\n", outcome, r.all[name].elapsed.Seconds(), plainName(name))
	}
	fmt.Printf("%d journeys, %d failed\n", len(r.all), failed)
}

// plainName turns "TestPlainForms/by_email" into "PlainForms: by email".
func plainName(name string) string {
	name = strings.TrimPrefix(name, "Test")
	return strings.ReplaceAll(strings.Replace(name, "/", ": ", 1), "_", " ")
}

// screenshotPath returns the path of a screenshot.
func screenshotPath(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("/: ", r) {
			return '_'
		}
		return r
	}, name)
	return filepath.Join(screenshotDir, name+".png")
}
