package overload

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// ownCPU returns the CPU time of this process.
func ownCPU() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// MemoryOf returns a function that reads the resident memory of a process and its children in bytes.
func MemoryOf(pid int) func() (int64, error) {
	return func() (int64, error) {
		folder := "/proc/" + strconv.Itoa(pid)
		children, err := os.ReadFile(folder + "/task/" + strconv.Itoa(pid) + "/children")
		if err != nil {
			return 0, fmt.Errorf("read the memory of the service: %w", err)
		}
		total, err := resident(folder)
		for child := range bytes.FieldsSeq(children) {
			if more, err := resident("/proc/" + string(child)); err == nil { // it may have ended
				total += more
			}
		}
		return total, err
	}
}

func resident(folder string) (int64, error) {
	text, err := os.ReadFile(folder + "/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(string(bytes.Fields(text)[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}
