package wiring

import (
	"cmp"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"registrar/internal/config"
	"registrar/internal/hashprocess"
	"registrar/internal/secret"
)

// OpenHasher returns the hasher of the configuration. With HASH_PROCESSES it starts the child processes; then the program's main
// function must call hashprocess.Main. The caller calls stop when no more passwords are hashed.
func OpenHasher(c config.Password, observer secret.HashObserver, logger *slog.Logger) (h *secret.Hasher, stop func(), err error) {
	params := c.HashParams()
	o := secret.HasherOptions{Concurrency: cmp.Or(c.HashConcurrency, runtime.GOMAXPROCS(0)), Queue: c.HashQueue, Params: &params, Observer: observer}
	if !c.HashProcesses {
		return secret.NewHasher(o), func() {}, nil
	}
	used := func(time.Duration) {}
	if observer != nil {
		used = observer.HashUsed
	}
	pool, err := hashprocess.Open(hashprocess.Options{Processes: o.Concurrency, Used: used, Logger: logger})
	if err != nil {
		return nil, nil, fmt.Errorf("%w (with HASH_PROCESSES=false, this process computes the hashes itself)", err)
	}
	o.Key = pool.Key
	return secret.NewHasher(o), pool.Close, nil
}
