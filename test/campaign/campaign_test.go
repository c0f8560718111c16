//go:build campaign

// Package campaign runs campaigns to many users on the highly available system. It counts the messages that the provider
// accepted for each user, while codes are sent and while parts are killed.
package campaign_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/cluster"
	"registrar/test/load/loop"
	"registrar/test/parts"
)

var (
	people  = flag.Int("people", 20_000, "users in the database when the campaign starts")
	rate    = flag.Float64("rate", 0, "maximum number of recipients a second; 0 means no limit")
	latency = flag.Duration("latency", 200*time.Millisecond, "time that the provider takes for a batch")
	timeout = flag.Duration("campaign-timeout", 5*time.Minute, "maximum duration of a campaign")
)

const adminToken = "a token for operators in tests"

// site is the cluster with many users.
type site struct {
	*cluster.Cluster
	crowd  crowd
	client *parts.Client
}

func start(t *testing.T) *site {
	t.Helper()
	s := &site{
		Cluster: cluster.Start(t, "ADMIN_TOKEN", adminToken, "PUBLIC_URL", "https://register.example.com"),
		crowd:   crowd{*people},
	}
	s.client = parts.NewClient(s.URL())
	began := time.Now()
	require.NoError(t, s.crowd.insert(t.Context(), s.Cluster))
	t.Logf("%d users inserted in %s", *people, time.Since(began).Round(time.Second))
	s.Mailgun.Slow(*latency)
	return s
}

// campaign is a campaign as the API returns it.
type campaign struct {
	ID       string `json:"campaign_id"`
	Status   string `json:"status"`
	Progress struct {
		Recipients int `json:"recipients"`
		Sent       int `json:"sent"`
		Rejected   int `json:"rejected"`
		Batches    int `json:"batches"`
	} `json:"progress"`
}

func (s *site) create(t *testing.T, name string, rate float64) campaign {
	t.Helper()
	body := map[string]any{
		"name": name, "subject": "News for {{first_name}}",
		"text": "Hello {{first_name}},\n\nthere is news.\n\nNo more of it: {{unsubscribe}}\n",
		"html": `<p>Hello {{first_name}},</p><p>there is news.</p><p><a href="{{unsubscribe}}">No more of it</a></p>`,
	}
	if rate > 0 {
		body["rate"] = rate
	}
	var c campaign
	require.NoError(t, s.client.Call(t.Context(), parts.Request{
		Method: http.MethodPost, Path: "/v1/campaigns", Key: name, Token: adminToken, Body: body,
	}, &c))
	return c
}

func (s *site) progress(ctx context.Context, id string) (c campaign, err error) {
	err = s.client.Call(ctx, parts.Request{Method: http.MethodGet, Path: "/v1/campaigns/" + id, Token: adminToken}, &c)
	return c, err
}

// await polls a campaign until a condition holds.
func (s *site) await(t *testing.T, id string, far func(campaign) bool) campaign {
	t.Helper()
	c, err := s.tryAwait(t.Context(), id, far)
	require.NoError(t, err)
	return c
}

func (s *site) tryAwait(ctx context.Context, id string, far func(campaign) bool) (last campaign, err error) {
	err = parts.Await(ctx, *timeout, nil, func(ctx context.Context) error {
		c, err := s.progress(ctx, id)
		if err == nil && !far(c) {
			err = fmt.Errorf("the campaign is at %+v", c)
		}
		last = c
		return err
	})
	return last, err
}

// control pauses, resumes or cancels a campaign as an operator.
func (s *site) control(t *testing.T, id, action string) {
	t.Helper()
	var steered campaign
	require.NoError(t, s.client.Call(t.Context(), parts.Request{
		Method: http.MethodPost, Path: "/v1/campaigns/" + id + "/" + action, Token: adminToken,
	}, &steered))
	require.Equal(t, id, steered.ID)
}

func ended(c campaign) bool { return c.Status == "completed" }

// copies counts recipients with no, one and several accepted copies, and the copies to users who must not get one.
func (s *site) copies() (missing, once, repeated, wrong int) {
	got := s.Mailgun.Recipients()
	for i := range s.crowd.size {
		n := got[s.crowd.address(i)]
		switch {
		case !s.crowd.wants(i):
			wrong += n
		case n == 0:
			missing++
		case n == 1:
			once++
		default:
			repeated++
		}
	}
	return missing, once, repeated, wrong
}

// TestExactly sends each recipient exactly one copy, and measures the worker's memory and the latency of codes in the
// meantime.
func TestExactly(t *testing.T) {
	s := start(t)
	idle := s.codes(t, 30*time.Second, nil)
	memory := watch(s.Low[0].Process().PID())
	began := time.Now()
	c := s.create(t, "everybody", *rate)
	done := make(chan struct{})
	var last campaign
	var err error
	go func() {
		defer close(done)
		last, err = s.tryAwait(t.Context(), c.ID, ended)
	}()
	busy := s.codes(t, *timeout, done)
	<-done
	require.NoError(t, err)
	took, memoryUsed := time.Since(began), memory.stop()
	missing, once, repeated, wrong := s.copies()
	t.Logf("%d recipients in %s: %.0f a second, %d batches; the worker's memory: %s", last.Progress.Recipients, took.Round(time.Second),
		float64(last.Progress.Sent)/took.Seconds(), last.Progress.Batches, memoryUsed)
	t.Logf("codes: idle %s; during the campaign %s", idle, busy)
	require.Equal(t, [4]int{0, s.crowd.wanting(), 0, 0}, [4]int{missing, once, repeated, wrong}, "missing, once, repeated, wrong")
	require.Equal(t, s.crowd.wanting(), last.Progress.Sent)
	require.Equal(t, last.Progress.Recipients, last.Progress.Sent)
	require.Less(t, memoryUsed.last, memoryUsed.first+perBatch, "memory grows with the campaign")
	s.requireRate(t, *rate, 0)
	s.unsubscribes(t)
}

// perBatch is more memory in MiB than a batch needs and than a heap grows by chance: 1,000 emails are 2 MiB.
const perBatch = 32

// requireRate checks the limit of docs/campaigns.md: in any T seconds, at most rate·(T + 2 s) recipients and two
// batches. The batches of a killed worker may be sent once more. The check allows one more second for jitter.
func (s *site) requireRate(t *testing.T, rate float64, killed int) {
	t.Helper()
	if rate == 0 {
		return
	}
	batches, largest := s.Mailgun.Batches(), 0
	for _, b := range batches {
		largest = max(largest, b.Size)
	}
	for i, first := range batches {
		n := 0
		for _, b := range batches[i:] {
			n += b.Size
			most := rate*(b.At.Sub(first.At).Seconds()+3) + float64((2+killed)*largest)
			require.LessOrEqual(t, float64(n), most, "recipients in %s", b.At.Sub(first.At))
		}
	}
}

// unsubscribes unsubscribes one user and checks that all others get the next campaign.
func (s *site) unsubscribes(t *testing.T) {
	t.Helper()
	sent := s.Mailgun.Messages(s.crowd.address(4)) // the first who wants campaigns
	require.Len(t, sent, 1)
	leave(t, s.URL(), sent[0].Unsubscribe)
	again := s.create(t, "everybody-else", 1)
	require.Equal(t, s.crowd.wanting()-1, s.await(t, again.ID, func(c campaign) bool { return c.Progress.Recipients > 0 }).Progress.Recipients)
	s.control(t, again.ID, "cancel")
	s.await(t, again.ID, func(c campaign) bool { return c.Status == "cancelled" })
}

// TestFaults kills parts while a campaign runs. No recipient is skipped. Only recipients of a batch that the provider was
// processing when its worker was killed may get a second copy.
func TestFaults(t *testing.T) {
	s := start(t)
	rate := float64(*people) / 40 // takes 40 s, so that each fault finds it running
	c := s.create(t, "everybody", rate)
	at := func(part float64) {
		s.await(t, c.ID, func(c campaign) bool { return float64(c.Progress.Sent) >= part*float64(s.crowd.wanting()) })
	}
	at(0.15)
	s.Low[0].Kill()
	require.NoError(t, s.Low[0].Start())
	at(0.3)
	writer, err := s.Database.Writer(t.Context())
	require.NoError(t, err)
	s.Galera.Nodes[writer].Kill()
	require.NoError(t, s.Galera.Restart(writer))
	at(0.5)
	s.control(t, c.ID, "pause")
	s.await(t, c.ID, func(c campaign) bool { return c.Status == "paused" })
	s.control(t, c.ID, "resume")
	for _, r := range s.Replicas() { // a deploy
		require.NoError(t, errors.Join(r.Stop(), r.Start()))
		require.NoError(t, s.Front.AwaitReady())
	}
	at(0.7)
	s.Temporal.Servers[0].Kill()
	require.NoError(t, s.Temporal.Servers[0].Start())
	last := s.await(t, c.ID, ended)

	missing, once, repeated, wrong := s.copies()
	t.Logf("%+v: %d once, %d more than once", last, once, repeated)
	require.Zero(t, missing)
	require.Zero(t, wrong)
	require.LessOrEqual(t, repeated, 2*1000, "the batches of a killed worker and of a killed database node")
	require.Equal(t, s.crowd.wanting(), last.Progress.Sent)
	s.requireRate(t, rate, 2)
}

// leave sends the request of a one-click unsubscribe (RFC 8058, section 3.2) with the path of the link to this site.
func leave(t *testing.T, base, link string) {
	t.Helper()
	require.NotEmpty(t, link)
	u, err := url.Parse(strings.Trim(link, "<>"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+u.RequestURI(), strings.NewReader("List-Unsubscribe=One-Click"))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

// waits are the times from the registration request to the arrival of the code.
type waits []time.Duration

func (w waits) String() string {
	slices.Sort(w)
	at := func(percent int) time.Duration { return w[(len(w)-1)*percent/100].Round(time.Millisecond) }
	return fmt.Sprintf("p50 %s, p99 %s, longest %s (%d people)", at(50), at(99), at(100), len(w))
}

// codes makes users register until done is closed or the limit has passed.
func (s *site) codes(t *testing.T, limit time.Duration, done <-chan struct{}) waits {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
		}
	}()
	report, err := s.Load(ctx, loop.Options{Rate: 3, Duration: limit, Timeout: time.Minute})
	require.NoError(t, err)
	var w waits
	for _, p := range report.People {
		if len(p.Verify.Answers) > 0 {
			w = append(w, p.Verify.Began.Sub(p.Register.Began))
		}
	}
	require.NotEmpty(t, w)
	return w
}
