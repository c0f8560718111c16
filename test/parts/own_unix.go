//go:build unix

package parts

import (
	"syscall"
	"time"
)

// OwnCPU returns the processor time that this process has used, without its children.
func OwnCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails only for wrong arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
