//go:build !linux

package parts

import (
	"errors"
	"os"
	"syscall"
)

// The package compiles on every system, but its guarantees about processes hold only on Linux.

func attributes(*User) *syscall.SysProcAttr { return nil }

const (
	sigstop = syscall.Signal(-1)
	sigcont = syscall.Signal(-2)
	sigusr2 = syscall.Signal(-3)
)

func signalGroup(p *os.Process, s syscall.Signal) error {
	if s == sigstop || s == sigcont {
		return errors.ErrUnsupported
	}
	return p.Signal(s)
}

func lock(string) (unlock func(), err error) { return func() {}, nil }

// Usage is not supported.
func (p *Process) Usage() (Usage, error) { return Usage{}, errors.ErrUnsupported }

// UsageOf is not supported.
func UsageOf(int) (Usage, error) { return Usage{}, errors.ErrUnsupported }
