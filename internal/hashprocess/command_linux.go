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

// niceness is by how much the niceness of a hash process is higher than that of the service. The service gets three times as much CPU as
// they do while both want all of it. Without it, hashes of new registrations take CPU from those that have already been accepted,
// and their codes are late (docs/decisions/0054-priority-of-hashes.md).
const niceness = 5

// lowerPriority applies niceness to this process. Linux has a priority for each thread. Later threads inherit it.
func lowerPriority() {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return // without /proc, no child starts anyway
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		if inverse, err := syscall.Getpriority(syscall.PRIO_PROCESS, id); err == nil { // the kernel returns 20 minus the niceness
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, 20-inverse+niceness) // everybody may lower a priority
		}
	}
}

// cpuTime returns the CPU time that this process has used.
func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // never fails with these arguments
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
