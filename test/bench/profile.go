package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// owner is a part of the service to which a profile's samples are attributed.
type owner struct {
	name, key string
	// functions are prefixes. A sample belongs to the first owner in the list that has a function anywhere on its stack.
	functions []string
}

// owners attribute what a function calls to it: SQLite under the server's persistence is the server's.
var owners = []owner{
	{"garbage collection", "gc", []string{
		"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcStart", "runtime.gcMarkTermination",
	}},
	{"hashing in the service's process", "hash", []string{"golang.org/x/crypto/argon2."}},
	{"Temporal's server", "temporal", []string{"go.temporal.io/server/"}},
	{"outbox of dev", "outbox", []string{"registrar/dev/outbox."}},
	{"workers: the user store", "worker-store", []string{"registrar/internal/store."}},
	{"API", "api", []string{"registrar/api", "net/http.(*conn).serve", "net/http.(*connReader)"}},
	{"workers: workflows and activities", "worker", []string{"registrar/workflows.", "registrar/activities."}},
	{"workers: Temporal's SDK", "sdk", []string{"go.temporal.io/sdk/"}},
	{"gRPC connections", "grpc", []string{"google.golang.org/grpc"}},
	{"Go's scheduler and the rest", "rest", []string{""}},
}

// attribute returns each owner's fraction of the second value of a profile's samples: nanoseconds, or allocated bytes.
func attribute(p *profile.Profile) map[string]float64 {
	parts, total := make(map[string]float64), 0.0
	for _, s := range p.Sample {
		v := float64(s.Value[1])
		parts[ownerOf(s).key] += v
		total += v
	}
	for key := range parts {
		parts[key] /= max(total, 1)
	}
	return parts
}

func ownerOf(s *profile.Sample) owner {
	i := slices.IndexFunc(owners, func(o owner) bool {
		return slices.ContainsFunc(o.functions, func(prefix string) bool { return calls(s, prefix) })
	})
	return owners[i]
}

// calls reports whether a function with the prefix is on the sample's stack.
func calls(s *profile.Sample, prefix string) bool {
	for _, location := range s.Location {
		for _, line := range location.Line {
			if line.Function != nil && strings.HasPrefix(line.Function.Name, prefix) {
				return true
			}
		}
	}
	return prefix == ""
}

// profilePart attributes processor time and allocations of a registration to parts of the service, at 10 callers.
func profilePart(ctx context.Context, r *Run) error {
	for _, m := range modes {
		s, err := startService(ctx, r, m.settings()...)
		if err != nil {
			return err
		}
		if err := profileMode(ctx, r, s, m); err != nil {
			return err
		}
		if err := s.Stop(); err != nil {
			return err
		}
	}
	return nil
}

func profileMode(ctx context.Context, r *Run, s *service, m mode) error {
	window := Pick(r, 10*time.Second, 2*time.Second)
	u := &meter{service: s}
	type taken struct {
		profile *profile.Profile
		err     error
	}
	cpu, allocs := make(chan taken, 1), make(chan taken, 1)
	d := drive{callers: 10, warmup: Pick(r, 4*time.Second, 500*time.Millisecond), window: window, operate: s.completeNext}
	d.begin = func() error {
		for path, into := range map[string]chan taken{"profile": cpu, "allocs": allocs} {
			go func() {
				p, err := s.profile(ctx, path, window)
				into <- taken{p, err}
			}()
		}
		return u.begin(ctx)
	}
	d.end = func() error { return u.end(ctx) }
	done, err := d.run(ctx)
	if err != nil {
		return err
	}
	c, a := <-cpu, <-allocs
	if c.err != nil || a.err != nil {
		return fmt.Errorf("read a profile: %w, %w", c.err, a.err)
	}
	n := float64(len(done.samples))
	reportProfile(r, m, "cpu", "processor time", "ms", milliseconds(u.cpu-u.children)/n, attribute(c.profile))
	r.Add(fmt.Sprintf("dev/profile/%s/cpu/children", m), fmt.Sprintf("processor time %s: child processes", m.words()), "ms", milliseconds(u.children)/n)
	reportProfile(r, m, "alloc", "allocated", "kB", u.bytes/n/1e3, attribute(a.profile))
	return nil
}

func reportProfile(r *Run, m mode, key, what, unit string, total float64, parts map[string]float64) {
	for _, o := range owners {
		r.Add(fmt.Sprintf("dev/profile/%s/%s/%s", m, key, o.key), fmt.Sprintf("%s %s: %s", what, m.words(), o.name), unit, total*parts[o.key])
	}
}

// profile reads a profile of the service of the next seconds.
func (s *service) profile(ctx context.Context, name string, window time.Duration) (*profile.Profile, error) {
	url := fmt.Sprintf("%s/debug/pprof/%s?seconds=%d", s.profiles, name, int(window.Seconds()))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return nil, fmt.Errorf("%s: %s: %s", url, answer.Status, text)
	}
	return profile.Parse(answer.Body)
}
