package outbox

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"registrar/dev/livepage"
	"registrar/internal/message"
	"registrar/internal/timeline"
)

const (
	attack    = `"><script>alert(1)</script><img src=x onerror=alert(1)>'</pre></iframe>`
	hostileID = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
)

// hostileTimeline is a timeline with HTML in every text.
func hostileTimeline(context.Context, string) (timeline.Timeline, error) {
	return timeline.Timeline{RegistrationID: hostileID, UserID: attack, UserStatus: attack, Entries: []timeline.Entry{{
		Event: attack, Step: attack, Provider: attack, Code: attack, By: attack, Reason: attack, Detail: attack, Until: time.Now(),
	}}}, nil
}

func TestHostileContentStaysText(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, sms("+1", attack))
	send(t, o, message.Message{
		RegistrationID: attack, Kind: message.Kind(attack), Channel: message.Channel(attack),
		To: attack, Subject: attack, Text: attack, HTML: attack,
	})
	send(t, o, message.Message{RegistrationID: hostileID, Kind: message.KindCampaign, Channel: message.ChannelEmail, To: attack, HTML: attack})
	quoted := url.QueryEscape(attack)
	targets := []string{"/outbox", "/outbox/registrations/" + hostileID}
	for _, parameter := range []string{"to", "q", "channel", "kind", "before"} {
		targets = append(targets, "/outbox?"+parameter+"="+quoted, "/outbox?"+parameter+"="+quoted+"x")
	}
	for _, target := range targets {
		root, err := html.Parse(getFrom(t, o.Handler(timelines(hostileTimeline), webUI), target).Body)
		require.NoError(t, err)
		scripts := 0
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			require.NotEqual(t, "img", n.Data)
			if n.Data == "script" {
				scripts++
				require.Equal(t, livepage.JS, n.FirstChild.Data)
			}
			requireHarmless(t, n)
		}
		require.Equal(t, 1, scripts, target)
	}
}

func requireHarmless(t *testing.T, n *html.Node) {
	for _, a := range n.Attr {
		require.False(t, strings.HasPrefix(a.Key, "on"), "event handler %s on <%s>", a.Key, n.Data)
		if n.Data == "iframe" && a.Key == "sandbox" {
			require.NotContains(t, a.Val, "allow-scripts")
			require.NotContains(t, a.Val, "allow-same-origin")
		}
	}
	if n.Data == "iframe" {
		require.Contains(t, attributes(n), "sandbox")
	}
}

func attributes(n *html.Node) map[string]string {
	m := make(map[string]string)
	for _, a := range n.Attr {
		m[a.Key] = a.Val
	}
	return m
}

// Huge contents are shown in full, and searches find their end.
func TestHugeContent(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	huge := strings.Repeat("<b>line\n", 1<<17) + "the end"
	send(t, o, sms("+1", huge))
	send(t, o, message.Message{Channel: message.ChannelEmail, To: huge, Subject: huge, Text: huge, HTML: huge})
	page := get(t, o, "/outbox?q=end")
	require.Equal(t, http.StatusOK, page.Code)
	require.Equal(t, 2, strings.Count(page.Body.String(), "<article"))
	require.Equal(t, http.StatusOK, get(t, o, "/outbox?q="+url.QueryEscape(strings.Repeat("x ", 1<<16))).Code)
}

func TestInvalidUTF8IsFound(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, sms("+1", "\xff\xfe Ada \x00"))
	require.Len(t, o.Find(Filter{Query: "ada"}), 1)
}
