package hashprocess

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

// executable returns this program, even if its file has been replaced or deleted since its start.
func executable() string { return "/proc/self/exe" }

// attributes make the kernel kill the child when this process ends. The kernel actually does so when the thread that started
// the child ends, but Go does not end its threads. Without it, a child ends when it has read the end of its input.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// keepFiles makes child processes inherit no files. Go's own files are not inherited, but those may be that this process got from
// the process that started it.
func keepFiles() {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return // without /proc, no child starts anyway
	}
	for _, file := range files {
		if fd, err := strconv.Atoi(file.Name()); err == nil && fd > syscall.Stderr {
			syscall.CloseOnExec(fd)
		}
	}
}

// cpuTime returns the CPU time that this process has used.
func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // never fails with these arguments
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
