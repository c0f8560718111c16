package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/workflows"
)

// registrar runs the production binary as an operator does.
type registrar struct {
	path  string
	env   []string
	texts string // folder with the texts of a campaign
}

func (r *testService) registrar(t *testing.T) *registrar {
	t.Helper()
	dir := t.TempDir()
	p := &registrar{path: filepath.Join(dir, "registrar"), texts: dir, env: []string{
		"HOME=" + dir,
		"PUBLIC_URL=" + r.stack.base,
		"TEMPORAL_ADDRESS=" + r.stack.locations[len(r.stack.locations)-1].Address,
		"PRF_KEYSET_FILE=" + filepath.Join(r.stack.data, "prf.keyset"),
		"PAYLOAD_KEYSET_FILE=" + filepath.Join(r.stack.data, "payload.keyset"),
	}}
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "../..", "-o", p.path, "./cmd/registrar")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for name, text := range map[string]string{
		"text": "Hello {{first_name}}\n{{unsubscribe}}", "html": `<p>Hello {{first_name}}</p><a href="{{unsubscribe}}">Leave</a>`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return p
}

// campaign runs `registrar campaign` with answer as standard input. It returns the standard output; the error contains the
// standard error.
func (p *registrar) campaign(t *testing.T, answer string, args ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), p.path, append([]string{"campaign"}, args...)...)
	c.Env, c.Dir, c.Stdin = p.env, p.texts, strings.NewReader(answer)
	out, err := c.Output()
	return string(out), err
}

func (p *registrar) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.campaign(t, "", args...)
	require.NoError(t, err, "%v", args)
	return out
}

// create starts a campaign and confirms the question. It returns the id and the output after it.
func (p *registrar) create(t *testing.T, group string, flags ...string) (id, text string) {
	t.Helper()
	out, err := p.campaign(t, "yes\n", append([]string{
		"create", "--name", group, "--subject", "News", "--text", "text", "--html", "html", "--locale", "de-x-" + group,
	}, flags...)...)
	require.NoError(t, err)
	id, text, _ = strings.Cut(out, " ")
	return id, text
}

// awaitShown polls `campaign show --json` until the campaign has the status.
func (p *registrar) awaitShown(t *testing.T, id string, want openapi.CampaignStatus) openapi.Campaign {
	t.Helper()
	return await(t, string(want), func() (c openapi.Campaign, ok bool) {
		require.NoError(t, json.Unmarshal([]byte(p.must(t, "show", "--json", id)), &c))
		return c, c.Status == want
	})
}

// TestCampaignCommand pauses, resumes and cancels a scheduled campaign. Another campaign fails, is retried and completes.
func TestCampaignCommand(t *testing.T) {
	t.Parallel()
	s := startService(t)
	p := s.registrar(t)
	t.Run("pause, resume and cancel", func(t *testing.T) {
		at := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		id, text := p.create(t, "changed", "--schedule", at.Format(time.RFC3339), "--rate", "5")
		require.Equal(t, "is scheduled; to watch it, run: registrar campaign show --watch "+id+"\n", text)
		shown := p.awaitShown(t, id, openapi.CampaignStatusScheduled)
		require.Equal(t, []any{id, "changed", 5.0, true}, []any{shown.CampaignID, shown.Name, shown.Rate, at.Equal(shown.ScheduleAt)})
		await(t, "the list", func() (string, bool) {
			list := p.must(t, "list")
			return list, strings.Contains(list, id) && strings.Contains(list, "scheduled")
		})
		p.must(t, "pause", id)
		p.awaitShown(t, id, openapi.CampaignStatusPaused)
		p.must(t, "resume", id)
		p.awaitShown(t, id, openapi.CampaignStatusScheduled)
		require.Equal(t, "cancel requested for campaign "+id+"\n", p.must(t, "cancel", id))
		p.awaitShown(t, id, openapi.CampaignStatusCancelled)
		_, err := p.campaign(t, "", "resume", id)
		var refused *exec.ExitError
		require.ErrorAs(t, err, &refused)
		require.Contains(t, string(refused.Stderr), engine.ErrEnded.Error())
	})
	t.Run("retry and watch", func(t *testing.T) {
		addresses := s.addRecipients(t, "watched", 25)
		var misconfigured atomic.Bool
		misconfigured.Store(true)
		s.stack.outbox.Fail(func(message.Message) error {
			if misconfigured.Load() {
				return &message.Error{Provider: "outbox", Failure: message.Misconfigured, Code: "401"}
			}
			return nil
		})
		id, _ := p.create(t, "watched", "--idempotency-key", "once")
		again, _ := p.create(t, "watched", "--idempotency-key", "once")
		require.Equal(t, id, again)
		failed := p.awaitShown(t, id, openapi.CampaignStatusFailed)
		require.Equal(t, string(workflows.ReasonEmailMisconfigured), failed.Progress.Reason)
		require.Zero(t, failed.Progress.EndedAt)
		misconfigured.Store(false)
		p.must(t, "retry", id)
		watched := strings.Split(strings.TrimSpace(p.must(t, "show", "--watch", id)), "\n")
		require.Equal(t, "completed: 25 of 25 sent, 0 rejected", watched[len(watched)-1])
		s.requireOnce(t, id, addresses)
	})
}
