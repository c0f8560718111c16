// Package workercomponent registers no workflows; see ../../../README.md.
package workercomponent

import "go.uber.org/fx"

// Module adds nothing to the server.
var Module = fx.Options()
