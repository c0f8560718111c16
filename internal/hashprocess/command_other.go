//go:build !linux

package hashprocess

import (
	"os"
	"syscall"
	"time"
)

// executable returns this program, or "", with which no process starts.
func executable() string {
	path, _ := os.Executable()
	return path
}

// attributes are the defaults: a child ends when it has read the end of its input.
func attributes() *syscall.SysProcAttr { return nil }

// keepFiles does nothing: a child inherits only the files that this process got from the process that started it.
func keepFiles() {}

// lowerPriority does nothing: the priority is only lowered on Linux.
func lowerPriority() {}

// cpuTime returns 0: the CPU time is only measured on Linux.
func cpuTime() time.Duration { return 0 }
