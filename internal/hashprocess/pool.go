// Package hashprocess computes password hashes in child processes of the service, so that their memory is not part of the
// service's heap. Each hash allocates its memory anew (19 MiB by default), and this makes the garbage collector run every
// few hashes. In the service it would mark the whole heap each time; in a child process there is almost nothing to mark.
//
// A child process is the same program, started again. It has no environment and no open files except the two pipes of its
// parent, and it ends with its parent. Passwords and salts are only in the pipe and in the memory of both processes.
package hashprocess

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"registrar/internal/secret"
)

// Timeouts. A hash gets minTimeout and the time for its work at slowestRate, which is below 2 % of the rate of a core of
// 2024 (2 GiB/s). Only a process that hangs takes longer.
const (
	startTimeout = time.Minute // thousands of times longer than usual
	minTimeout   = 5 * time.Second
	slowestRate  = 32 * 1024 // KiB of memory, times iterations, per second
)

// restartDelay is the time between a failed start of a process and the next attempt. Callers wait meanwhile.
const restartDelay = time.Second

// attempts is the number of processes that compute a hash before its caller is refused.
const attempts = 2

// ErrClosed means that the pool has been closed. It wraps secret.ErrSaturated: another replica can compute the hash.
var ErrClosed = fmt.Errorf("%w: the hash processes have been stopped", secret.ErrSaturated)

// Options configure a Pool. All are required.
type Options struct {
	Processes int                 // each computes one hash at a time
	Used      func(time.Duration) // is called with the CPU time of the processes, on Linux; it must not block
	Logger    *slog.Logger
}

// Pool is a set of hash processes. It is safe for concurrent use.
type Pool struct {
	logger  *slog.Logger
	used    func(time.Duration)
	idle    chan *process // one entry for each process that computes nothing; nil: it has to be started
	closed  chan struct{}
	close   func()
	size    int
	command func() *exec.Cmd
	timeout func(argon2id.Params) time.Duration
}

// Open starts the processes and checks that they compute a known hash. The program's main function must call Main. The caller
// closes the pool.
func Open(o Options) (*Pool, error) {
	p := newPool(o)
	if err := p.start(); err != nil {
		return nil, err
	}
	return p, nil
}

func newPool(o Options) *Pool {
	p := &Pool{
		logger: o.Logger, used: o.Used, idle: make(chan *process, o.Processes), closed: make(chan struct{}), size: o.Processes,
		command: command, timeout: timeoutOf,
	}
	p.close = sync.OnceFunc(func() { close(p.closed) })
	return p
}

// start starts all processes. If one fails, it stops the others.
func (p *Pool) start() error {
	if !prepared.Load() {
		return errors.New("start the hash processes: the main function of this program does not call hashprocess.Main")
	}
	keepFiles()
	failures := make([]error, p.size)
	var starting sync.WaitGroup
	for i := range p.size {
		starting.Go(func() {
			var started *process
			started, failures[i] = p.startProcess()
			p.idle <- started
		})
	}
	starting.Wait()
	for _, err := range failures {
		if err != nil {
			p.Close()
			return fmt.Errorf("start the hash processes: %w", err)
		}
	}
	return nil
}

// Close ends the processes. It waits for hashes in progress. Later calls of Key return ErrClosed.
func (p *Pool) Close() {
	p.close()
	for range p.size {
		if process := <-p.idle; process != nil {
			process.stop()
		}
	}
}

// Key returns the argon2id key of a password. A hash that has begun is finished; ctx only ends the wait for an idle process.
// If a process dies or hangs, it is replaced and the hash is computed again once. If that fails too, the error is
// secret.ErrSaturated, and a later retry may succeed.
func (p *Pool) Key(ctx context.Context, password string, salt []byte, params argon2id.Params) ([]byte, error) {
	r := request{password: []byte(password), salt: salt, params: params}
	defer clear(r.password)
	if err := r.check(); err != nil {
		return nil, err
	}
	for range attempts {
		var process *process
		select {
		case <-p.closed:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		case process = <-p.idle:
		}
		key, err := p.keyFrom(process, r)
		if err == nil {
			return key, nil
		}
		p.logger.WarnContext(ctx, "a hash process failed; another one takes its place", "error", err)
	}
	return nil, fmt.Errorf("%w: %d hash processes failed", secret.ErrSaturated, attempts)
}

// keyFrom computes a key in an idle process and makes the process, or its place, available again.
func (p *Pool) keyFrom(idle *process, r request) (key []byte, err error) {
	if idle != nil && idle.hasEnded() {
		idle.stop()
		idle = nil
	}
	if idle == nil {
		if idle, err = p.startProcess(); err != nil {
			time.AfterFunc(restartDelay, func() { p.idle <- nil })
			return nil, err
		}
	}
	key, err = idle.key(r, p.timeout(r.params))
	if err != nil {
		idle = nil
	}
	p.idle <- idle
	return key, err
}

// startProcess starts a process and checks it.
func (p *Pool) startProcess() (*process, error) {
	started, err := startProcess(p.command(), p.used)
	if err != nil {
		return nil, err
	}
	key, err := started.key(knownRequest(), startTimeout)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(key, knownKey()) {
		started.stop()
		return nil, errors.New("a hash process computed a wrong hash")
	}
	return started, nil
}

// timeoutOf returns the time after which the process of a hash is considered to hang.
func timeoutOf(p argon2id.Params) time.Duration {
	work := time.Duration(p.Memory) * time.Duration(p.Iterations)
	return minTimeout + work*time.Second/slowestRate
}

// knownRequest is a hash at the default cost whose result the reference implementation of Argon2 computed.
func knownRequest() request {
	return request{password: []byte("correct horse"), salt: []byte("0123456789abcdef"), params: secret.DefaultParams()}
}

// knownKey is the result of knownRequest.
func knownKey() []byte {
	key, _ := hex.DecodeString("ae4d8c8b713876044c8347c76986a9b5655944aaacfffe9bea4dff9e7b6a1899") // never fails
	return key
}
