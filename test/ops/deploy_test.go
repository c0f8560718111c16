//go:build ops

package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// changedWorkflow returns a build with a changed workflow: it waits briefly before the code is sent, behind a workflow
// version as required for every change.
func changedWorkflow(t *testing.T) parts.Registrar {
	t.Helper()
	original, err := filepath.Abs(filepath.Join("..", "..", "workflows", "code.go"))
	require.NoError(t, err)
	text, err := os.ReadFile(original)
	require.NoError(t, err)
	const before = "func (r *registration) sendOTP(ctx workflow.Context, summary string) (SendResult, error) {\n"
	const change = `	if workflow.GetVersion(ctx, "wait-a-moment", workflow.DefaultVersion, 1) == 1 {
		if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
			return SendResult{}, err
		}
	}
`
	require.Contains(t, string(text), before)
	changed := filepath.Join(t.TempDir(), "code.go")
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(text), before, before+change, 1)), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(file, overlay, 0o600))
	return parts.BuildChanged(t, "-overlay="+file)
}

// version has the workers of one version of a deployment.
type version struct{ registrar, notifier *parts.Replica }

func (s *site) startVersion(t *testing.T, program parts.Registrar, settings parts.Settings) version {
	t.Helper()
	return version{
		program.StartWorker(t, "registrar", settings, "--queues=registration"),
		program.StartWorker(t, "notifier", settings, notificationQueues),
	}
}

// drain stops the workers with the commands of the page.
func (s *site) drain(t *testing.T, v version) {
	t.Helper()
	for _, p := range []*parts.Process{v.registrar.Process(), v.notifier.Process()} {
		s.do(t, "drain", "WORKER_PID="+strconv.Itoa(p.PID()))
		<-p.Gone()
		require.Zero(t, p.ExitCode(), p.Tail())
	}
}

// TestDeploy replaces workers of version 1 by a changed version 2 while 200 registrations run, 100 of them started before.
func TestDeploy(t *testing.T) {
	for _, way := range []string{"auto-upgrade", "pinned"} {
		t.Run(way, func(t *testing.T) {
			s := startSite(t)
			s.drain(t, version{s.registrar, s.notifier}) // the workers without a version
			one := s.settings.With("WORKER_DEPLOYMENT", "registrar", "WORKER_VERSIONING", way, "WORKER_BUILD_ID", "1")
			old := s.startVersion(t, s.program, one)
			s.setCurrent(t, "1")
			before := s.register(t, 100)
			for _, p := range before {
				_, err := s.Twilio.Code(t.Context(), p.MobileNumber)
				require.NoError(t, err)
			}
			running := func(build string, n int) {
				t.Helper()
				s.awaitCount(t, "ExecutionStatus='Running' AND TemporalWorkerDeploymentVersion='registrar:"+build+"'", n)
			}
			running("1", 100)

			next := s.startVersion(t, changedWorkflow(t), one.With("WORKER_BUILD_ID", "2"))
			var during []person
			registered := make(chan error)
			go func() {
				var err error
				during, err = s.tryRegister(t.Context(), 100)
				registered <- err
			}()
			s.setCurrent(t, "2") // meanwhile
			require.NoError(t, <-registered)
			all := slices.Concat(before, during)
			s.verify(t, all[:50])
			s.verify(t, all[100:150])
			if way == "pinned" {
				s.verify(t, all) // afterwards no workflow is on the old version
				running("1", 0)
			}
			s.drain(t, old)
			s.verify(t, all) // active registrations answer 200 again, with or without workers of their version
			s.awaitMessages(t, all)
			s.awaitCount(t, "ExecutionStatus='Completed'", 200)
			require.Contains(t, s.do(t, "on-version", "BUILD_ID=2"), "Total: 0")
			now := s.ledger(t)
			require.Equal(t, ledger{200, 200, 200, 200, 0}, now)
			ended := map[string]int{}
			for _, build := range []string{"1", "2"} {
				ended[build] = s.countNow(t, "TemporalWorkerDeploymentVersion='registrar:"+build+"'")
			}
			changed := s.countNow(t, "TemporalChangeVersion='wait-a-moment-1'")
			t.Logf("%s: users %d, codes %d, welcome emails %d; ended on version 1: %d, on version 2: %d; with the change: %d",
				way, now.users, now.codes, now.welcomes, ended["1"], ended["2"], changed)
			require.Equal(t, 200, ended["1"]+ended["2"])
			require.Positive(t, changed)
			if way == "pinned" {
				require.GreaterOrEqual(t, ended["1"], 100, "they ended on the version on which they started")
			} else {
				require.GreaterOrEqual(t, ended["2"], 150, "the registrations that ran during the change moved to version 2")
			}
			s.drain(t, next)
		})
	}
}

// setCurrent makes a version the current one when all its workers are known to the server.
func (s *site) setCurrent(t *testing.T, build string) {
	t.Helper()
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
		out, err := s.try(t, "set-current", "BUILD_ID="+build)
		if err == nil && !strings.Contains(out, build) {
			err = errors.New(out)
		}
		return err
	}))
}
