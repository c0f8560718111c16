package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
	"registrar/internal/engine"
	"registrar/workflows"
)

const aCampaign = "0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f77"

// texts writes the files of a campaign and returns the flags.
func texts(t *testing.T, text, html string) []string {
	t.Helper()
	dir := t.TempDir()
	flags := []string{"--name", "Spring", "--subject", "News for {{first_name}}"}
	for name, content := range map[string]string{"text": text, "html": html} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		flags = append(flags, "--"+name, path)
	}
	return flags
}

func TestCampaignPreview(t *testing.T) {
	clean(t)
	out := filepath.Join(t.TempDir(), "out.html")
	flags := texts(t, "Hi {{first_name}}\n{{unsubscribe}}", "<p>{{first_name}} {{unsubscribe}}</p>")
	printed, err := execute(t, "", append([]string{"campaign", "preview", "--first-name", "<Zoë>", "--html-out", out}, flags...)...)
	require.NoError(t, err)
	require.Equal(t, "Subject: News for <Zoë>\n\nHi <Zoë>\nhttps://register.example.com/unsubscribe?token=example\n\n"+
		"text: 33 of 65536 bytes, HTML: 37 of 102400 bytes\n", printed)
	html, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "<p>&lt;Zoë&gt; https://register.example.com/unsubscribe?token=example</p>", string(html))
}

func TestCampaignIsValidatedFirst(t *testing.T) {
	clean(t)
	flags := texts(t, "Hi", "<script>{{unsubscribe}}</script>"+strings.Repeat(" ", campaign.MaxHTML))
	for _, command := range []string{"preview", "create"} {
		_, err := execute(t, "", append([]string{"campaign", command}, flags...)...)
		require.EqualError(t, err, "text: must contain {{unsubscribe}}\nhtml: has more than 102400 bytes, so Gmail would clip it")
	}
	_, err := execute(t, "", append([]string{"campaign", "create", "--rate", "-1"}, texts(t, "{{unsubscribe}}", "")...)...)
	require.EqualError(t, err, "rate: must be a number of recipients per second: 0 for no limit, or at least 0.01")
}

func TestCampaignCreateAsks(t *testing.T) {
	clean(t)
	create := append([]string{"campaign", "create", "--locale", "de"}, texts(t, "{{unsubscribe}}", "")...)
	_, err := execute(t, "yes\n", create...)
	require.EqualError(t, err, "PUBLIC_URL: is not set; an example: https://register.example.com")
	t.Setenv("PUBLIC_URL", "https://register.example.com")
	for _, answer := range []string{"", "\n", "y\n", "no\n"} {
		out, err := execute(t, answer, create...)
		require.EqualError(t, err, "not confirmed, so nothing was started (--yes skips the question)")
		require.Equal(t, `Send "Spring" to all users who consented and whose language is de, now? Type yes to confirm: `, out)
	}
	out, err := execute(t, "Yes\n", append(create, "--schedule", "2126-12-01T09:00:00Z")...)
	require.EqualError(t, err, "schedule_at: is more than a year in the future")
	require.Empty(t, out)
	_, err = execute(t, "Yes\n", append(create, "--schedule", "0226-12-01T09:00:00Z")...)
	require.EqualError(t, err, "schedule_at: is more than a day in the past")
	for _, args := range [][]string{append(create, "--yes"), create} {
		_, err = execute(t, "yes", args...)
		require.EqualError(t, err, "PRF_KEYSET: is not set\nPAYLOAD_KEYSET: is not set")
	}
}

func TestCampaignUsage(t *testing.T) {
	clean(t)
	for want, args := range map[string][]string{
		`required flag(s) "name", "subject", "text" not set`: {"create"},
		"no such file": {"create", "--name", "a", "--subject", "b", "--text", filepath.Join(t.TempDir(), "absent")},
		`--schedule: "noon" is not a time`: append(
			[]string{"create", "--schedule", "noon"}, texts(t, "{{unsubscribe}}", "")...),
		"accepts 1 arg(s), received 0":                        {"pause"},
		`"7" is not a campaign id (a UUID)`:                   {"cancel", "7"},
		"PRF_KEYSET: is not set\nPAYLOAD_KEYSET: is not set":  {"show", aCampaign},
		"[watch json] are set none of the others can be":      {"show", aCampaign, "--watch", "--json"},
		"unknown command \"stop\" for \"registrar campaign\"": {"stop"},
		"unknown flag: --limits":                              {"list", "--limits", "1"},
	} {
		_, err := execute(t, "", append([]string{"campaign"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}

func running(sent int) engine.CampaignState {
	c := stateOf("Spring\x1b[2J", campaign.StatusRunning)
	c.Rate = 2.5
	c.Known, c.Recipients, c.Sent, c.Rejected, c.Batches, c.StartedAt = true, 10, sent, 1, 2, noon
	return c
}

// stateOf is a campaign whose progress is not known.
func stateOf(name string, status campaign.Status) engine.CampaignState {
	c := engine.CampaignState{Campaign: campaign.Campaign{ID: aCampaign, CreatedAt: noon}}
	c.Content.Name, c.Status = name, status
	return c
}

func TestPrintCampaigns(t *testing.T) {
	var out bytes.Buffer
	scheduled := stateOf("Summer", campaign.StatusScheduled)
	scheduled.ScheduleAt = noon.Add(time.Hour)
	require.NoError(t, printCampaigns(&out, []engine.CampaignState{running(4), scheduled}))
	require.Equal(t, strings.TrimLeft(`
CAMPAIGN                              STATUS     SENT  OF  CREATED (UTC)            NAME
0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f77  running    4     10  2026-12-01 12:00:00.000  Spring [2J
0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f77  scheduled  -     -   2026-12-01 12:00:00.000  Summer
`, "\n"), out.String())

	out.Reset()
	failed := running(4)
	failed.Status, failed.Reason = campaign.StatusFailed, workflows.ReasonEmailMisconfigured
	require.NoError(t, printCampaign(&out, failed))
	require.Equal(t, strings.TrimLeft(`
campaign    0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f77
name        Spring [2J
status      failed
created     2026-12-01 12:00:00.000
scheduled   -
rate        2.5 per second
recipients  10
sent        4
rejected    1
batches     2
started     2026-12-01 12:00:00.000
ended       -
reason      email_misconfigured
`, "\n"), out.String())
}

// TestCampaignJSON checks that --json prints what the HTTP API answers.
func TestCampaignJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printJSON(&out, campaignBodies([]engine.CampaignState{running(4), stateOf("Autumn", campaign.StatusCancelled)})))
	require.JSONEq(t, `[
		{"campaign_id":"`+aCampaign+`","name":"Spring\u001b[2J","status":"running","rate":2.5,"created_at":"2026-12-01T12:00:00Z",
			"progress":{"recipients":10,"sent":4,"rejected":1,"batches":2,"started_at":"2026-12-01T12:00:00Z"}},
		{"campaign_id":"`+aCampaign+`","name":"Autumn","status":"cancelled","created_at":"2026-12-01T12:00:00Z"}
	]`, out.String())
}

func TestUnknownCountsAreNotZero(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printCampaign(&out, stateOf("Spring", campaign.StatusCancelled)))
	require.Equal(t, strings.TrimLeft(`
campaign   0198f6c2-7d10-8a44-8c1f-5e2b9d3a6f77
name       Spring
status     cancelled
created    2026-12-01 12:00:00.000
scheduled  -
progress   unknown: no worker answers
`, "\n"), out.String())
}

// pages are campaigns, three to a page.
type pages int

func (p pages) List(_ context.Context, page []byte) ([]engine.CampaignState, []byte, error) {
	if len(page) == int(p)-1 {
		return make([]engine.CampaignState, 3), nil, nil
	}
	return make([]engine.CampaignState, 3), append(page, '.'), nil
}

func TestListCampaigns(t *testing.T) {
	for limit, want := range map[int]int{0: 0, 1: 1, 3: 3, 4: 4, 9: 9, 50: 9, -1: 0} {
		all, err := listCampaigns(t.Context(), pages(3), limit)
		require.NoError(t, err)
		require.Len(t, all, want)
	}
}

// script answers with one step after the other.
type script []func() (engine.CampaignState, error)

func (s *script) Get(context.Context, string) (engine.CampaignState, error) {
	next := (*s)[0]
	*s = (*s)[1:]
	return next()
}

func is(c engine.CampaignState) func() (engine.CampaignState, error) {
	return func() (engine.CampaignState, error) { return c, nil }
}

func fails(err error) func() (engine.CampaignState, error) {
	return func() (engine.CampaignState, error) { return engine.CampaignState{}, err }
}

func TestWatchCampaign(t *testing.T) {
	parked := running(4)
	parked.Status, parked.Reason = campaign.StatusFailed, workflows.ReasonEmailUnavailable
	ended := running(9)
	ended.Status, ended.EndedAt = campaign.StatusCompleted, noon
	steps := func() *script {
		return &script{
			is(stateOf("Spring", campaign.StatusScheduled)), is(running(4)), is(running(4)), is(parked),
			fails(engine.ErrUnavailable), is(ended),
		}
	}
	var out bytes.Buffer
	s := steps()
	require.NoError(t, watchCampaign(t.Context(), s, aCampaign, newWatcher(&out, "emails"), time.Millisecond))
	require.Empty(t, *s)
	require.Equal(t, strings.TrimLeft(`
scheduled
running: 4 of 10 sent, 1 rejected
failed (email_unavailable): 4 of 10 sent, 1 rejected
Temporal cannot be reached, or no worker answers
completed: 9 of 10 sent, 1 rejected
`, "\n"), out.String())

	out.Reset()
	require.NoError(t, watchCampaign(t.Context(), steps(), aCampaign, &bar{to: &out}, time.Millisecond))
	require.Contains(t, out.String(), "10/10")
	require.Contains(t, out.String(), "completed: 9 of 10 sent")

	defect := errors.New("a defect")
	require.ErrorIs(t, watchCampaign(t.Context(), &script{fails(defect)}, aCampaign, &lines{to: &out}, time.Millisecond), defect)
	require.ErrorIs(t, watchCampaign(t.Context(), &script{fails(engine.ErrNotFound)}, aCampaign, &bar{to: &out}, time.Millisecond),
		engine.ErrNotFound)

	ctx, cancel := context.WithCancel(t.Context())
	stop := func() (engine.CampaignState, error) { cancel(); return engine.CampaignState{}, ctx.Err() }
	require.NoError(t, watchCampaign(ctx, &script{is(running(1)), stop}, aCampaign, &lines{to: &out}, time.Millisecond))
}
