package parts_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// The usage of a process includes its running children and those that have ended.
func TestUsage(t *testing.T) {
	t.Parallel()
	const burn = `i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done`
	p := parts.Start(t, parts.Command{
		Name: "burn) 1 2", Path: "sh", Dir: parts.Dir(t, "usage"), // the name is not that of the program
		Args: []string{"-c", "sh -c '" + burn + "'; sh -c '" + burn + "; echo burnt; sleep 600' & wait"},
	})
	var ended parts.Usage
	require.NoError(t, parts.Await(t.Context(), time.Minute, p.Gone(), func(context.Context) (err error) {
		if ended, err = p.Usage(); err == nil && p.Log() == "" {
			err = errors.New("it has not burnt its time")
		}
		return err
	}))
	require.Greater(t, ended.CPU, 40*time.Millisecond)
	require.Less(t, ended.Own, ended.CPU)
	require.Greater(t, ended.Resident, int64(1<<20))
	require.Less(t, ended.Resident, int64(64<<20))
	p.Kill()
	_, err := p.Usage()
	require.Error(t, err)
}
