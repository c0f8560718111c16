package parts

import "time"

// Usage is the use of resources by a process and its descendants.
type Usage struct {
	// CPU is the user and system time since their start, including descendants that have ended and were waited for. The kernel
	// counts it in steps of 10 ms.
	CPU time.Duration
	// Own is the part of CPU that the process itself has used, without its descendants.
	Own time.Duration
	// Resident is the memory in bytes. Program files and shared memory count once for all of them.
	Resident int64
}
