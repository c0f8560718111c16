package launch

import (
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	// linkShare is the time for linking, relative to the time for compiling all packages of the target.
	linkShare = 0.03
	// minShare of the work must be done, and minTime must have passed, before the remaining time is estimated.
	minShare = 0.01
	minTime  = 5 * time.Second
	// firstBuildShare is the share of stale packages above which a build counts as the first one.
	firstBuildShare = 0.5
)

// pkg is a package of the target.
type pkg struct {
	path  string // import path
	size  int64  // bytes of source; the time to compile is roughly proportional
	stale bool   // whether it needs compiling
}

// progress is the progress of a build. Work is measured in bytes of source.
type progress struct {
	target   string // import path of the command
	began    time.Time
	parallel int // maximum number of packages that are compiled at the same time

	modules  int       // number of downloaded modules
	packages []string  // packages compiled or being compiled, in the order of their start
	first    time.Time // start of the first package
	last     time.Time // start of the last package

	sizes map[string]int64 // sizes of the packages to compile; nil until the packages are listed
	total int64            // sum of sizes
	link  int64            // work of linking
	all   int              // number of packages of the target
}

func newProgress(target string, now time.Time) *progress {
	return &progress{target: target, began: now, parallel: runtime.NumCPU()}
}

// addLine evaluates a line of the go command. It reports whether the line shows progress.
func (p *progress) addLine(line string, now time.Time) bool {
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		p.modules++
	case line != "" && !strings.HasPrefix(line, "#") && !strings.ContainsAny(line, " :\t"): // an import path: -v prints it
		if p.packages == nil {
			p.first = now
		}
		p.packages = append(p.packages, line)
		p.last = now
	default:
		return false
	}
	return true
}

// setPackages sets the packages of the target. A package compiled before it was listed is no longer stale, but still counts as
// work.
func (p *progress) setPackages(packages []pkg) {
	if len(packages) == 0 {
		return // listing failed; packages are counted without a total
	}
	started := map[string]bool{}
	for _, path := range p.packages {
		started[path] = true
	}
	p.sizes, p.all = map[string]int64{}, len(packages)
	var size int64 // of all packages
	for _, one := range packages {
		size += one.size
		if one.stale || started[one.path] {
			p.sizes[one.path] = one.size
			p.total += one.size
		}
	}
	p.link = int64(linkShare * float64(size))
}

// isFirstBuild reports whether most packages need compiling.
func (p *progress) isFirstBuild() bool {
	return p.sizes != nil && float64(len(p.sizes)) > firstBuildShare*float64(p.all)
}

// isLinking reports whether the build has reached the target itself. All other packages are compiled by then.
func (p *progress) isLinking() bool {
	return len(p.packages) > 0 && p.packages[len(p.packages)-1] == p.target
}

// done returns the finished work. Packages that are being compiled do not count.
func (p *progress) done() (done int64) {
	finished := p.packages
	if !p.isLinking() {
		finished = finished[:max(0, len(finished)-p.parallel)]
	}
	for _, path := range finished {
		done += p.sizes[path]
	}
	return done
}

// state is the state of a build.
type state struct {
	share float64       // share of the work that is done, from 0 to 1
	left  time.Duration // estimated remaining time; 0 if it is not known yet
}

// estimate returns the state of the build. It assumes that the remaining work takes as long per byte as the finished work.
func (p *progress) estimate(now time.Time) state {
	done, work := p.done(), p.total+p.link
	if p.sizes == nil || done == 0 || work == 0 {
		return state{}
	}
	compiling := now.Sub(p.first)
	if p.isLinking() {
		compiling = p.last.Sub(p.first)
	}
	if compiling <= 0 { // only the target is compiled
		return state{}
	}
	perByte := float64(compiling) / float64(done)
	rest := time.Duration(perByte * float64(work-done))
	if p.isLinking() {
		rest = max(rest-now.Sub(p.last), time.Second)
	}
	s := state{share: float64(done) / float64(work)}
	if p.isLinking() {
		s.share = 1 - float64(rest)/(perByte*float64(work))
	}
	s.share = min(max(s.share, 0), 0.99)
	if p.isFirstBuild() && s.share >= minShare && now.Sub(p.first) >= minTime { // a small build has too few packages for an estimate
		s.left = rest
	}
	return s
}

// text describes the progress in one line.
func (p *progress) text(now time.Time) string {
	elapsed := seconds(now.Sub(p.began)) + " elapsed"
	switch {
	case p.packages == nil && p.modules > 0:
		return "downloading modules, " + strconv.Itoa(p.modules) + " so far, " + elapsed
	case p.packages == nil:
		return "finding packages to compile, " + elapsed
	case p.sizes == nil:
		return "compiling package " + strconv.Itoa(len(p.packages)) + ", " + elapsed
	}
	s := p.estimate(now)
	phase := strconv.Itoa(len(p.packages)) + " of " + strconv.Itoa(len(p.sizes)) + " packages, "
	if p.isLinking() {
		phase = "linking, "
	}
	text := phase + elapsed
	if s.share > 0 || !p.isLinking() { // if only the target is stale, there is no estimate for linking
		text = strconv.Itoa(int(100*s.share)) + "%, " + text
	}
	if s.left > 0 {
		text += ", about " + roundUp(s.left) + " left"
	}
	return text
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Round(time.Second).Seconds())) + " s" }

// roundUp formats an estimate, rounded up to minutes or to ten seconds.
func roundUp(d time.Duration) string {
	if d > 100*time.Second {
		return strconv.Itoa(int((d+time.Minute-1)/time.Minute)) + " min"
	}
	return strconv.Itoa(10*int((d+10*time.Second-1)/(10*time.Second))) + " s"
}
