package hashprocess

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"registrar/internal/secret"
)

// freezeOne stops the only process of a pool, so that it hangs in the next hash.
func freezeOne(t *testing.T, pool *Pool) *process {
	t.Helper()
	all := pool.borrowAll()
	require.Len(t, all, 1)
	require.NoError(t, all[0].Signal(syscall.SIGSTOP))
	pool.giveBack(all)
	return all[0]
}

func TestAProcessThatIsKilledDuringAHashIsReplaced(t *testing.T) {
	t.Parallel()
	pool, logged := started(t, 1)
	frozen := freezeOne(t, pool)
	done := make(chan error)
	go func() {
		_, err := pool.Key(t.Context(), password, salt, params)
		done <- err
	}()
	require.Eventually(t, func() bool { return len(pool.idle) == 0 }, 10*time.Second, time.Millisecond)

	require.NoError(t, frozen.Kill())

	require.NoError(t, <-done)
	requireKey(t, pool)
	require.Equal(t, 1, strings.Count(logged.String(), "\n"))
	require.Contains(t, logged.String(), "signal: killed")
	require.NoFileExists(t, frozen.path(""), "a zombie")
}

func TestAProcessThatHangsIsReplaced(t *testing.T) {
	t.Parallel()
	pool, logged := setup(t, 1)
	pool.timeout = func(argon2id.Params) time.Duration { return 2 * time.Second }
	require.NoError(t, pool.start())
	t.Cleanup(pool.Close)
	frozen := freezeOne(t, pool)

	requireKey(t, pool)

	require.Contains(t, logged.String(), "did not answer within 2s")
	require.NotContains(t, logged.String(), password)
	require.NoFileExists(t, frozen.path(""), "a zombie")
}

// The death of idle processes, for example when the machine runs out of memory, fails no hash.
func TestProcessesThatDieWhileIdleAreReplaced(t *testing.T) {
	t.Parallel()
	pool, logged := started(t, 2)
	all := pool.borrowAll()
	for _, p := range all {
		require.NoError(t, p.Kill())
		<-p.ended
	}
	pool.giveBack(all)

	for range 4 {
		requireKey(t, pool)
	}
	require.Empty(t, logged.String())
}

func TestProcessesIgnoreTheSignalsThatStopAService(t *testing.T) {
	t.Parallel()
	pool, logged := started(t, 1)
	all := pool.borrowAll()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		require.NoError(t, all[0].Signal(signal))
	}
	pool.giveBack(all)

	requireKey(t, pool)
	require.Empty(t, logged.String())
}

func TestProcessesEndWithTheirParent(t *testing.T) {
	t.Parallel()
	for _, frozen := range []bool{false, true} {
		parent := named(aParent)()
		_, err := parent.StdinPipe()
		require.NoError(t, err)
		printed, err := parent.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, parent.Start())
		pids := make([]int, 2)
		lines := bufio.NewScanner(printed)
		for i := range pids {
			require.True(t, lines.Scan())
			pids[i], err = strconv.Atoi(lines.Text())
			require.NoError(t, err, lines.Text())
			require.True(t, runs(pids[i]))
			if frozen { // a process in a hash does not notice the end of its input
				require.NoError(t, syscall.Kill(pids[i], syscall.SIGSTOP))
			}
		}

		require.NoError(t, parent.Process.Kill())
		_ = parent.Wait()

		for _, pid := range pids {
			require.Eventually(t, func() bool { return !runs(pid) }, 10*time.Second, time.Millisecond, "process %d", pid)
		}
	}
}

// runs reports whether a process runs. A zombie, whose parent has not asked for its state, does not.
func runs(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !bytes.Contains(status, []byte("State:\tZ"))
}

func TestProcessesHaveNeitherEnvironmentNorFiles(t *testing.T) {
	t.Parallel()
	secretFile, err := os.Open(os.Args[0])
	require.NoError(t, err)
	defer func() { _ = secretFile.Close() }()
	inherited, err := syscall.Dup(int(secretFile.Fd())) // as if it came from the process that started this one
	require.NoError(t, err)
	defer func() { _ = syscall.Close(inherited) }()
	pool, _ := started(t, 1)
	requireKey(t, pool)
	all := pool.borrowAll()
	defer pool.giveBack(all)

	environment, err := os.ReadFile(all[0].path("environ"))
	require.NoError(t, err)
	require.Empty(t, environment)
	arguments, err := os.ReadFile(all[0].path("cmdline"))
	require.NoError(t, err)
	require.Equal(t, childName+"\x00", string(arguments))
	files, err := os.ReadDir(all[0].path("fd"))
	require.NoError(t, err)
	for _, file := range files {
		target, err := os.Readlink(filepath.Join(all[0].path("fd"), file.Name()))
		require.NoError(t, err)
		require.Regexp(t, "^(pipe:|/dev/null$|anon_inode:|/sys/fs/cgroup/)", target) // Go reads the limit of CPUs in /sys
	}
}

func (p *process) path(name string) string {
	return filepath.Join("/proc", strconv.Itoa(p.Pid), name)
}

// The reported CPU time is that which the kernel counted, except for the last moment.
func TestCPUTimeIsReported(t *testing.T) {
	t.Parallel()
	pool, _ := setup(t, 1)
	var used atomic.Int64
	pool.used = func(cpu time.Duration) { used.Add(int64(cpu)) }
	require.NoError(t, pool.start())
	t.Cleanup(pool.Close)
	for range 3 {
		before := used.Load()
		_, err := pool.Key(t.Context(), password, salt, secret.DefaultParams())
		require.NoError(t, err)
		require.Greater(t, used.Load(), before)
	}
	all := pool.borrowAll()
	all[0].stop()
	total := all[0].state.UserTime() + all[0].state.SystemTime()
	pool.giveBack(all)
	require.InDelta(t, total.Seconds(), time.Duration(used.Load()).Seconds(), total.Seconds()/2)
}

// All threads of a hash process have a lower priority than the service.
func TestProcessesHaveALowerPriority(t *testing.T) {
	t.Parallel()
	pool, _ := started(t, 1)
	own, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	require.NoError(t, err)
	all := pool.borrowAll()
	defer pool.giveBack(all)
	threads, err := filepath.Glob(all[0].path("task/*"))
	require.NoError(t, err)
	require.NotEmpty(t, threads)
	for _, thread := range threads {
		id, err := strconv.Atoi(filepath.Base(thread))
		require.NoError(t, err)
		inverse, err := syscall.Getpriority(syscall.PRIO_PROCESS, id)
		require.NoError(t, err)
		require.Equal(t, max(own-niceness, 1), inverse, "the kernel returns 20 minus the niceness, which is at most 19")
	}
}
