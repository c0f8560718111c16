package message

import "time"

// Pause is an operator's order to send nothing through a provider until the pause ends.
type Pause struct {
	Provider string
	Reason   string // for other operators; no personal data
	Since    time.Time
}
