package launch

import (
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	// linkShare is what linking takes, as a part of what compiling all packages of the target takes.
	linkShare = 0.03
	// surePart of the work must be done, and sureAfter must have passed, before the time left is told.
	surePart  = 0.01
	sureAfter = 5 * time.Second
	// mostly is the part of the target's packages above which a build is the first one, and not one after a change.
	mostly = 0.5
)

// pkg is a package that the target consists of.
type pkg struct {
	path  string // its import path
	size  int64  // bytes of source, to which the time to compile it is roughly proportional
	stale bool   // whether it has to be compiled
}

// progress is what is known about a build. Work is measured in bytes of source.
type progress struct {
	target   string // import path of the command
	began    time.Time
	parallel int // packages that are compiled at the same time, at most

	modules  int       // downloaded
	packages []string  // compiled, or being compiled
	first    time.Time // when the first of them was begun
	last     time.Time // when the last of them was, which is the target

	sizes map[string]int64 // of all packages to compile; nil until they are known
	total int64            // of sizes
	link  int64            // work of linking
	all   int              // packages of the target
}

func newProgress(target string, now time.Time) *progress {
	return &progress{target: target, began: now, parallel: runtime.NumCPU()}
}

// line takes a line of the go command, and reports whether it is about progress.
func (p *progress) line(line string, now time.Time) bool {
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

// plan takes all packages of the target, with what was stale after the first lines. A package that was compiled before
// it could be listed is not stale any more, and counts all the same.
func (p *progress) plan(packages []pkg) {
	if len(packages) == 0 {
		return // it could not be listed; packages are counted without a total
	}
	begun := map[string]bool{}
	for _, path := range p.packages {
		begun[path] = true
	}
	p.sizes, p.all = map[string]int64{}, len(packages)
	var every int64
	for _, one := range packages {
		every += one.size
		if one.stale || begun[one.path] {
			p.sizes[one.path] = one.size
			p.total += one.size
		}
	}
	p.link = int64(linkShare * float64(every))
}

// isFirst tells a build of everything from one after a change.
func (p *progress) isFirst() bool {
	return p.sizes != nil && float64(len(p.sizes)) > mostly*float64(p.all)
}

// isLinking reports whether the target itself has been begun: everything else has been compiled.
func (p *progress) isLinking() bool {
	return len(p.packages) > 0 && p.packages[len(p.packages)-1] == p.target
}

// compiled is the work that is done, without the packages that are being compiled.
func (p *progress) compiled() (done int64) {
	finished := p.packages
	if !p.isLinking() {
		finished = finished[:max(0, len(finished)-p.parallel)]
	}
	for _, path := range finished {
		done += p.sizes[path]
	}
	return done
}

// state is how far a build is.
type state struct {
	part float64       // of the work, from 0 to 1
	left time.Duration // 0 when it cannot be told yet
}

// estimate assumes that the rest goes as fast as what is done.
func (p *progress) estimate(now time.Time) state {
	done, work := p.compiled(), p.total+p.link
	if p.sizes == nil || done == 0 || work == 0 {
		return state{}
	}
	compiling := now.Sub(p.first)
	if p.isLinking() {
		compiling = p.last.Sub(p.first)
	}
	perByte := float64(compiling) / float64(done)
	rest := time.Duration(perByte * float64(work-done))
	if p.isLinking() {
		rest = max(rest-now.Sub(p.last), time.Second)
	}
	s := state{part: float64(done) / float64(work)}
	if p.isLinking() {
		s.part = 1 - float64(rest)/(perByte*float64(work))
	}
	s.part = min(s.part, 0.99)
	if p.isFirst() && s.part >= surePart && now.Sub(p.first) >= sureAfter { // after a change there are too few to learn from
		s.left = rest
	}
	return s
}

// text says in a line how far the build is.
func (p *progress) text(now time.Time) string {
	passed := seconds(now.Sub(p.began)) + " so far"
	switch {
	case p.packages == nil && p.modules > 0:
		return "downloading modules, " + strconv.Itoa(p.modules) + " until now, " + passed
	case p.packages == nil:
		return "finding what has to be compiled, " + passed
	case p.sizes == nil:
		return "compiling package " + strconv.Itoa(len(p.packages)) + ", " + passed
	}
	s := p.estimate(now)
	text := strconv.Itoa(int(100*s.part)) + "%, " + strconv.Itoa(len(p.packages)) + " of " + strconv.Itoa(len(p.sizes)) + " packages, "
	if p.isLinking() {
		text = strconv.Itoa(int(100*s.part)) + "%, linking, "
	}
	text += passed
	if s.left > 0 {
		text += ", about " + roughly(s.left) + " left"
	}
	return text
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Round(time.Second).Seconds())) + " s" }

// roughly rounds up, to minutes or to ten seconds: no estimate is better than that.
func roughly(d time.Duration) string {
	if d > 100*time.Second {
		return strconv.Itoa(int((d+time.Minute-1)/time.Minute)) + " min"
	}
	return strconv.Itoa(10*int((d+10*time.Second-1)/(10*time.Second))) + " s"
}
