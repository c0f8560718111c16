//go:build !unix

package parts

import "time"

// OwnCPU is not supported.
func OwnCPU() time.Duration { return 0 }
