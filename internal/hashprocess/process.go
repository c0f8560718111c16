package hashprocess

import (
	"fmt"
	"io"
	"os/exec"
	"time"
)

// process is a running child process. One goroutine at a time uses it.
type process struct {
	cmd      *exec.Cmd
	requests io.Writer
	answers  io.Reader
	number   uint32        // of the last request
	ended    chan struct{} // closed after the process has ended and its state is known
}

func startProcess(cmd *exec.Cmd) (*process, error) {
	requests, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, requests: requests, answers: answers, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // ProcessState has the result
		close(p.ended)
	}()
	return p, nil
}

// key returns the key of a request. After an error, the process must be stopped.
func (p *process) key(r request, timeout time.Duration) ([]byte, error) {
	killing := time.AfterFunc(timeout, p.kill) // ends reading and writing
	key, err := p.exchange(r)
	if !killing.Stop() {
		return nil, fmt.Errorf("process %d did not answer within %s", p.cmd.Process.Pid, timeout)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("process %d (%s): %w", p.cmd.Process.Pid, p.cmd.ProcessState, err)
	}
	return key, nil
}

func (p *process) exchange(r request) ([]byte, error) {
	p.number++
	if err := writeRequest(p.requests, p.number, r); err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	key, err := readAnswer(p.answers, p.number, r.params.KeyLength)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return key, nil
}

// stop ends the process and waits for its end.
func (p *process) stop() {
	p.kill()
	<-p.ended
}

// kill fails only if the process has ended already.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}
