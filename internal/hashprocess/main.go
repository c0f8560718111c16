package hashprocess

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"
)

// childName is the only argument of a child process.
const childName = "registrar-hash"

// prepared reports whether the program can be its own child.
var prepared atomic.Bool

// Main turns the program into a hash process if a Pool started it, and then does not return. Otherwise it does nothing. It must
// be the first call in the program's main function, or in TestMain.
func Main() {
	prepared.Store(true)
	if len(os.Args) != 1 || os.Args[0] != childName {
		return
	}
	lowerPriority()
	// A terminal and some supervisors signal all processes of a service. The parent decides when this one ends.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	if err := serve(os.Stdin, os.Stdout); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// command returns the command of a child process.
func command() *exec.Cmd {
	return &exec.Cmd{Path: executable(), Args: []string{childName}, Env: []string{}, SysProcAttr: attributes()}
}

// serve answers requests until there are no more.
func serve(from io.Reader, to io.Writer) error {
	debug.SetGCPercent(-1) // memory collects
	var used memory
	var reported time.Duration
	for {
		number, r, err := readRequest(from)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p := r.params
		runtime.GOMAXPROCS(min(int(p.Parallelism), runtime.NumCPU()))
		key := argon2.IDKey(r.password, r.salt, p.Iterations, p.Memory, p.Parallelism, p.KeyLength)
		clear(r.password)
		cpu := cpuTime()
		if err := writeAnswer(to, number, cpu-reported, key); err != nil {
			return err
		}
		reported = cpu
		used.collect(p.Memory)
	}
}

// maxGarbage is the memory in KiB of finished hashes that is kept until the next collection: two hashes at the default cost.
// A collection marks the data of all packages that the program consists of, 20 MiB, which takes a fifth of the time of a hash.
const maxGarbage = 32 * 1024

// overhead is the other memory of a request in KiB, rounded up.
const overhead = 16

// memory decides when to collect garbage. The runtime would do it during a hash, and return memory to the operating system
// that the next hash needs.
type memory struct {
	garbage, last uint32 // KiB
}

// collect is called after the answer to each request, with the memory of its hash in KiB. Only the next request may wait for it.
func (m *memory) collect(hash uint32) {
	changed := m.last != 0 && m.last != hash
	m.garbage, m.last = m.garbage+hash+overhead, hash
	switch {
	case changed: // the memory may not fit the next hash
		debug.FreeOSMemory()
		m.garbage = 0
	case m.garbage > maxGarbage:
		runtime.GC()
		m.garbage = 0
	}
}
