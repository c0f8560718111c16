package config

import (
	"github.com/alexedwards/argon2id"

	"registrar/internal/secret"
)

// Password has the rules for passwords and the cost of their hashes.
type Password struct {
	MinPasswordLength int    `env:"PASSWORD_MIN_LENGTH" envDefault:"8" example:"15" doc:"Minimum length of a password in characters, 8 to 64. NIST SP 800-63B (revision 4) requires 15 if the password is the only factor of a login."`
	MinPasswordScore  int    `env:"PASSWORD_MIN_SCORE" envDefault:"2" example:"2" doc:"Lowest accepted zxcvbn score of a password, 1 to 4."`
	BreachCheck       bool   `env:"PASSWORD_BREACH_CHECK" envDefault:"false" example:"true" doc:"Refuse passwords from known breaches, using the Pwned Passwords range API. Only 5 characters of a hash leave the service, and answers are padded."`
	BreachURL         string `env:"PASSWORD_BREACH_URL" envDefault:"https://api.pwnedpasswords.com" example:"https://api.pwnedpasswords.com" doc:"Base URL of the Pwned Passwords API."`
	BreachFail        string `env:"PASSWORD_BREACH_FAIL" envDefault:"open" example:"closed" doc:"What happens if that API is unavailable. open: passwords are accepted. closed: registrations get 503 with Retry-After. The log names each case."`
	HashMemory        uint32 `env:"HASH_MEMORY" envDefault:"19456" example:"47104" doc:"Memory of a password hash (argon2id) in KiB. Together with HASH_ITERATIONS at least OWASP's minimum: 47104 with 1, 19456 with 2, 12288 with 3, 9216 with 4, 7168 with 5. The command registrar hash bench recommends values for the machine."`
	HashIterations    uint32 `env:"HASH_ITERATIONS" envDefault:"2" example:"2" doc:"Iterations of a password hash, 1 to 20."`
	HashParallelism   uint8  `env:"HASH_PARALLELISM" envDefault:"1" example:"1" doc:"Lanes of a password hash, 1 to 16. Each hash is computed on up to as many cores."`
	HashConcurrency   int    `env:"HASH_CONCURRENCY" envDefault:"0" example:"2" doc:"Number of passwords hashed in parallel; 0 means one per CPU. Each needs HASH_MEMORY."`
	HashQueue         int    `env:"HASH_QUEUE" envDefault:"64" example:"64" doc:"Number of passwords that may wait to be hashed. If the queue is full, the API answers 503."`
	HashProcesses     bool   `env:"HASH_PROCESSES" envDefault:"true" example:"false" doc:"Compute password hashes in child processes of the API, one for each parallel hash (HASH_CONCURRENCY), so that their memory does not keep the API's garbage collector busy (docs/decisions). A child process needs up to 60 MiB, or HASH_MEMORY if that is more, besides the program's own pages. false: in the API's process."`
}

// HashParams returns the parameters of new password hashes.
func (p Password) HashParams() argon2id.Params {
	return secret.NewParams(p.HashMemory, p.HashIterations, p.HashParallelism)
}
