package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/argon2"

	"registrar/internal/secret"
	testparts "registrar/test/parts"
)

// ceilingResult is what a program prints that measures a ceiling in a process of its own, so that its heap and its processor
// time are not those of the load generator.
type ceilingResult struct {
	PerSecond  float64       `json:"per_second"`
	Count      int           `json:"count"`
	All        int           `json:"all"` // with those of the warm-up
	CPU        time.Duration `json:"cpu"` // of the process, with the warm-up
	WorkflowID string        `json:"workflow_id,omitempty"`
}

// runChild runs a hidden command of this program with an input as JSON, and returns what it prints.
func runChild(ctx context.Context, command string, input any) (result ceilingResult, err error) {
	text, err := json.Marshal(input)
	if err != nil {
		return result, err
	}
	program, err := os.Executable()
	if err != nil {
		return result, err
	}
	c := exec.CommandContext(ctx, program, command)
	c.Stdin, c.Stderr = bytes.NewReader(text), os.Stderr
	out, err := c.Output()
	if err != nil {
		return result, fmt.Errorf("run the ceiling %s: %w", command, err)
	}
	err = json.Unmarshal(out, &result)
	return result, err
}

// childCommand is a hidden command that reads its input from standard input.
func childCommand[I any](name string, run func(ctx context.Context, in I) (ceilingResult, error)) *cobra.Command {
	return &cobra.Command{Use: name, Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		var in I
		if err := json.NewDecoder(c.InOrStdin()).Decode(&in); err != nil {
			return err
		}
		result, err := run(c.Context(), in)
		if err != nil {
			return err
		}
		return json.NewEncoder(c.OutOrStdout()).Encode(result)
	}}
}

const hashingCommand = "ceiling-hashing"

// hashAll hashes passwords on all cores with the service's parameters, and nothing else.
func hashAll(ctx context.Context, window time.Duration) (ceilingResult, error) {
	ctx, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	p, salt := secret.DefaultParams(), []byte("0123456789abcdef")
	var count atomic.Int64
	var running sync.WaitGroup
	began, cpu := time.Now(), testparts.OwnCPU()
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			for ctx.Err() == nil {
				argon2.IDKey([]byte("violet-harbour-91-kettle"), salt, p.Iterations, p.Memory, p.Parallelism, p.KeyLength)
				count.Add(1)
			}
		})
	}
	running.Wait()
	n := int(count.Load())
	return ceilingResult{PerSecond: float64(n) / time.Since(began).Seconds(), Count: n, All: n, CPU: testparts.OwnCPU() - cpu}, nil
}
