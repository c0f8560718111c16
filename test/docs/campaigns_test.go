//go:build ops

package docs_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

const recipient = "grace@example.com"

// join registers and verifies a German-speaking user who agrees to news.
func (s service) join(t *testing.T) {
	t.Helper()
	client := parts.NewClient(s.url)
	var handle parts.Handle
	require.NoError(t, client.Call(t.Context(), parts.Request{Method: "POST", Path: "/v1/registrations", Body: map[string]any{
		"first_name": "Grace", "last_name": "Hopper", "email": recipient, "password": "flow matic of 1955", "locale": "de",
		"marketing_consent": true,
	}}, &handle))
	status, err := client.Verify(t.Context(), handle, sixDigits.FindString(s.messages(t, "otp", recipient)[0].Text))
	require.NoError(t, err)
	require.Equal(t, parts.StatusActive, status)
}

// TestCampaigns starts and controls campaigns as docs/campaigns.md tells authors and operators.
func TestCampaigns(t *testing.T) {
	t.Parallel()
	r := newReader(t, filepath.Join("docs", "campaigns.md"))
	s := r.start(t, r.page.Block(t, "try"))
	s.join(t)
	r.write(t, "text", "spring.txt")
	r.write(t, "html", "spring.html")
	settings := strings.NewReplacer(s.defaults()...).Replace(r.page.Block(t, "settings"))
	operator := func(block string, variables ...string) string {
		t.Helper()
		out, err := r.in(t, r.dir, settings+strings.Join(append(variables, ""), "\n")+r.page.Block(t, block))
		require.NoError(t, err, block)
		return out
	}
	require.Contains(t, operator("preview"), "Hello Zoë,")
	preview, err := os.ReadFile(filepath.Join(r.dir, "spring-preview.html"))
	require.NoError(t, err)
	require.Contains(t, string(preview), "Zoë")

	id, _, _ := strings.Cut(operator("create", "WHEN="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)), " ")
	require.Regexp(t, `^[0-9a-f-]{36}$`, id)
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
		if !strings.Contains(operator("watch", "ID="+id), "scheduled") {
			return errors.New("it is not listed")
		}
		return nil
	}))
	operator("stop", "ID="+id)
	require.NoError(t, parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
		if !strings.Contains(operator("watch", "ID="+id), "cancelled") {
			return errors.New("it is not cancelled")
		}
		return nil
	}))
	_, err = r.in(t, r.dir, settings+"ID="+id+"\n"+r.page.Block(t, "retry"))
	require.ErrorContains(t, err, "ended", "only a failed campaign can be retried")

	started := operator("create-http")
	require.Contains(t, started, " 202 ")
	found := regexp.MustCompile(`(?i)\nLocation: \S+/([0-9a-f-]{36})`).FindStringSubmatch(started)
	require.NotNil(t, found, started)
	sent := s.messages(t, "campaign", recipient)
	require.Len(t, sent, 1)
	require.Contains(t, sent[0].Text, "Dear Grace,")
	require.Contains(t, sent[0].Text, s.url+"/unsubscribe?token=")
	require.Contains(t, operator("watch-http", "ID="+found[1]), `"sent":1`)
}
