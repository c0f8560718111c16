package hashprocess

import "syscall"

// executable returns this program, even if its file has been replaced or deleted since its start.
func executable() string { return "/proc/self/exe" }

// attributes make the kernel kill the child when this process ends. The kernel actually does so when the thread that started
// the child ends, but Go does not end its threads. Without it, a child ends when it has read the end of its input.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
