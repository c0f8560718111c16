//go:build !linux

package companion

import "syscall"

// attributes starts a process group. After kill -9 of dev, the program continues.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
