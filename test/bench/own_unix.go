//go:build unix

package main

import (
	"syscall"
	"time"
)

// ownCPU is the processor time of this process: of the load generator, or of a ceiling.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails only for wrong arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
