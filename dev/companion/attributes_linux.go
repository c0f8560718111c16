package companion

import "syscall"

// attributes starts a process group, and makes the kernel end the program when this process ends for any reason.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
