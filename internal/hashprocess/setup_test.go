package hashprocess

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"registrar/internal/secret"
)

// The names of child processes that misbehave.
const (
	endsAtOnce  = "ends at once"
	printsFirst = "prints a line before it answers"
	wrongHash   = "answers with a wrong hash"
	ends        = "ends without an answer to the second request"
	garbage     = "answers to the second request with garbage"
	aParent     = "opens a pool and prints the process ids"
)

func TestMain(m *testing.M) {
	Main()
	if len(os.Args) == 1 && misbehave(os.Args[0]) {
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// misbehave returns false if there is no process of that name.
func misbehave(name string) bool {
	switch name {
	case endsAtOnce:
	case printsFirst:
		fmt.Println("A library prints a line at the start of the program.")
		_ = serve(os.Stdin, os.Stdout)
	case wrongHash:
		number, _, _ := readRequest(os.Stdin)
		_ = writeAnswer(os.Stdout, number, 0, make([]byte, 32))
	case ends:
		answerOne()
		_, _, _ = readRequest(os.Stdin)
	case garbage:
		answerOne()
		_, _, _ = readRequest(os.Stdin)
		fmt.Println("A library prints a long enough line while a request waits.")
		_, _ = io.Copy(io.Discard, os.Stdin)
	case aParent:
		beParent()
	default:
		return false
	}
	return true
}

// answerOne answers the request of the check at the start.
func answerOne() {
	number, _, _ := readRequest(os.Stdin)
	_ = writeAnswer(os.Stdout, number, 0, knownKey())
}

// beParent waits for its end with a pool, whose process ids it prints.
func beParent() {
	pool, err := Open(Options{Processes: 2, Used: func(time.Duration) {}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range pool.borrowAll() {
		fmt.Println(p.Pid)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// borrowAll takes all processes out of the pool.
func (p *Pool) borrowAll() []*process {
	all := make([]*process, p.size)
	for i := range all {
		all[i] = <-p.idle
	}
	return all
}

func (p *Pool) giveBack(all []*process) {
	for _, each := range all {
		p.idle <- each
	}
}

// named returns the command of a process that TestMain knows by its name.
func named(name string) func() *exec.Cmd {
	return func() *exec.Cmd {
		c := command()
		c.Args = []string{name}
		return c
	}
}

// log is a writer for a logger that several goroutines use.
type log struct {
	sync.Mutex
	bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(line)
}

func (l *log) String() string {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.String()
}

// setup returns a pool that is not started yet.
func setup(t *testing.T, processes int) (*Pool, *log) {
	t.Helper()
	logged := new(log)
	return newPool(Options{Processes: processes, Used: func(time.Duration) {}, Logger: slog.New(slog.NewTextHandler(logged, nil))}), logged
}

// started returns a pool with running processes.
func started(t *testing.T, processes int) (*Pool, *log) {
	t.Helper()
	pool, logged := setup(t, processes)
	require.NoError(t, pool.start())
	t.Cleanup(pool.Close)
	return pool, logged
}

const password = "correct horse"

var (
	salt   = []byte("0123456789abcdef")
	params = secret.NewParams(64, 2, 1) // fast
)

// keyOf computes a key in this process.
func keyOf(password string, p argon2id.Params) []byte {
	return argon2.IDKey([]byte(password), salt, p.Iterations, p.Memory, p.Parallelism, p.KeyLength)
}

func requireKey(t *testing.T, pool *Pool) {
	t.Helper()
	key, err := pool.Key(t.Context(), password, salt, params)
	require.NoError(t, err)
	require.Equal(t, keyOf(password, params), key)
}
