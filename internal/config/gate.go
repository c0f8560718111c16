package config

import (
	"slices"
	"time"
)

// Gate configures the system that is asked before a user is registered.
type Gate struct {
	GateURL     string        `env:"GATE_URL" example:"https://monolith.example.com/gate" doc:"Address that is asked whether a user may register, before anything is stored (docs/gate.md). It needs GATE_SECRET. If empty, none is asked."`
	GateSecret  string        `env:"GATE_SECRET" secret:"true" example:"whsec_ and 32 random bytes in base64" doc:"Key that signs the questions, in the Standard Webhooks format. Several keys, separated by spaces or commas, all sign, so that the receiver can change from one to another."`
	GateTimeout time.Duration `env:"GATE_TIMEOUT" envDefault:"1s" example:"1s" doc:"How long a registration waits for the answer, with the one retry after a lost connection, at most 10s."`
	GateFail    string        `env:"GATE_FAIL" envDefault:"closed" example:"open" doc:"What happens to a registration if there is no valid answer. closed: it gets 503 with Retry-After. open: it continues. The log and the metrics count each case."`
}

// maxGateTimeout leaves a request enough time before the server's write timeout.
const maxGateTimeout = 10 * time.Second

// Secrets returns the keys of GATE_SECRET.
func (g Gate) Secrets() []string { return secretsOf(g.GateSecret) }

func (g Gate) check(found *problems) {
	found.requirePositive("GATE_TIMEOUT", g.GateTimeout)
	found.require(g.GateTimeout <= maxGateTimeout, "GATE_TIMEOUT", "%s must be at most %s", g.GateTimeout, maxGateTimeout)
	found.require(slices.Contains([]string{"open", "closed"}, g.GateFail), "GATE_FAIL", "%q is not open or closed", g.GateFail)
}
