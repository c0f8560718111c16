package hashprocess

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// process is a running child process. One goroutine at a time uses it.
type process struct {
	*os.Process
	requests io.WriteCloser
	answers  io.ReadCloser
	number   uint32              // of the last request
	used     func(time.Duration) // is called with the CPU time after each answer
	ended    chan struct{}       // closed when the process has ended
	state    *os.ProcessState    // how it ended
}

func startProcess(cmd *exec.Cmd, used func(time.Duration)) (*process, error) {
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
	p := &process{Process: cmd.Process, requests: requests, answers: answers, used: used, ended: make(chan struct{})}
	go func() {
		p.state, _ = p.Wait() // cmd.Wait would also close the pipes, in the middle of the read that reports the end
		close(p.ended)
	}()
	return p, nil
}

// key returns the key of a request. After an error, the process has been stopped.
func (p *process) key(r request, timeout time.Duration) ([]byte, error) {
	killing := time.AfterFunc(timeout, p.kill) // ends reading and writing
	key, err := p.exchange(r)
	if !killing.Stop() {
		p.stop()
		return nil, fmt.Errorf("process %d did not answer within %s", p.Pid, timeout)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("process %d (%s): %w", p.Pid, p.state, err)
	}
	return key, nil
}

func (p *process) exchange(r request) ([]byte, error) {
	p.number++
	if err := writeRequest(p.requests, p.number, r); err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	key, cpu, err := readAnswer(p.answers, p.number, r.params.KeyLength)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	p.used(cpu)
	return key, nil
}

// stop ends the process, waits for its end and closes the pipes. It may be called again.
func (p *process) stop() {
	p.kill()
	<-p.ended
	_, _ = p.requests.Close(), p.answers.Close()
}

// kill fails only if the process has ended already.
func (p *process) kill() { _ = p.Kill() }

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}
