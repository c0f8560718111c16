package outbox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"registrar/internal/message"
	"registrar/internal/render"
	"registrar/internal/timeline"
)

const webUI = "http://localhost:8233/namespaces/default/workflows"

// timelines is Timelines as a function.
type timelines func(ctx context.Context, registrationID string) (timeline.Timeline, error)

func (f timelines) Read(ctx context.Context, registrationID string) (timeline.Timeline, error) {
	return f(ctx, registrationID)
}

func noTimelines(context.Context, string) (timeline.Timeline, error) {
	return timeline.Timeline{}, timeline.ErrNotFound
}

func get(t *testing.T, o *Outbox, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return getFrom(t, o.Handler(timelines(noTimelines), webUI), target, header...)
}

func getFrom(t *testing.T, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestJSON(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	empty := get(t, o, "/outbox.json")
	require.Equal(t, http.StatusOK, empty.Code)
	require.Equal(t, "application/json", empty.Header().Get("Content-Type"))
	require.Equal(t, "[]\n", empty.Body.String())

	send(t, o, sms("+4915112345678", "Your code is 123456"))
	send(t, o, sms("+4915100000000", "Your code is 654321"))
	var list []map[string]any
	require.NoError(t, json.Unmarshal(get(t, o, "/outbox.json?to="+url.QueryEscape("+4915112345678")).Body.Bytes(), &list))
	require.Len(t, list, 1)
	require.Regexp(t, `^\d{4}-\d\d-\d\dT.*Z$`, list[0]["sent_at"])
	require.NotEmpty(t, list[0]["id"])
	delete(list[0], "sent_at")
	delete(list[0], "id")
	require.Equal(t, map[string]any{
		"channel": "sms", "kind": "otp", "to": "+4915112345678", "subject": "",
		"text": "Your code is 123456", "html": "", "registration_id": "r1",
	}, list[0])
}

func TestPageShowsTheCode(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, sms("+4915112345678", "Your code is 271828. It is valid for 10 minutes."))
	require.Contains(t, get(t, o, "/outbox").Body.String(), "<output>271828</output>")
	require.NotContains(t, get(t, o, "/outbox?to=nobody").Body.String(), "271828")
}

// TestPageShowsEveryLanguageAndKind sends every message of the service, and a campaign.
func TestPageShowsEveryLanguageAndKind(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	r, err := render.New(render.Brand{URL: "https://registrar.example.com"}, nil)
	require.NoError(t, err)
	for _, locale := range r.Languages() {
		otp := render.OTPData{Code: "271828", TTL: 10 * time.Minute}
		for _, channel := range []message.Channel{message.ChannelSMS, message.ChannelEmail} {
			m, err := r.OTP(locale, channel, locale+"-"+string(channel), otp)
			require.NoError(t, err)
			send(t, o, m)
			page := get(t, o, "/outbox?to="+m.To).Body.String()
			require.Contains(t, page, "<output>271828</output>")
			require.Equal(t, channel == message.ChannelSMS, strings.Contains(page, render.Segments(m.Text).String()))
		}
	}
	welcome, err := r.Welcome("en", "welcome", render.WelcomeData{ConfirmURL: "https://example.com/confirm-email?token=271828"})
	require.NoError(t, err)
	exists, err := r.AccountExists("en", "exists", render.AccountExistsData{})
	require.NoError(t, err)
	released, err := r.EmailReleased("en", "released", render.EmailReleasedData{})
	require.NoError(t, err)
	for _, m := range []message.Message{welcome, exists, released} {
		send(t, o, m)
		page := get(t, o, "/outbox?to="+m.To).Body.String()
		require.Contains(t, page, `<span class="kind">`+string(m.Kind)+`</span>`)
		require.Contains(t, page, `<option value="`+string(m.Kind)+`">`)
		require.NotContains(t, page, "<output>")
	}
	send(t, o, message.Message{
		Kind: message.KindCampaign, Channel: message.ChannelEmail, To: "campaign", Subject: "News of 271828", Text: "Hello", HTML: "<p>Hello</p>",
	})
	page := get(t, o, "/outbox?to=campaign").Body.String()
	require.Contains(t, page, `<span class="kind">campaign</span>`)
	require.Contains(t, page, `News of 271828`)
	require.NotContains(t, page, "<output>")
}

// TestEmailInBothSchemes checks that each frame has its own scheme, regardless of the browser's setting.
func TestEmailInBothSchemes(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, message.Message{Channel: message.ChannelEmail, To: "x", HTML: "<style>@media screen and ( prefers-color-scheme:dark ) { p {} }</style>"})
	root, err := html.Parse(get(t, o, "/outbox").Body)
	require.NoError(t, err)
	found := map[string]string{}
	for n := range root.Descendants() {
		if n.Data == "iframe" {
			found[attributes(n)["class"]] = attributes(n)["srcdoc"]
		}
	}
	require.Len(t, found, 2)
	require.Contains(t, found["light"], "@media screen and (max-width: 0px) {")
	require.Contains(t, found["dark"], "@media screen and (min-width: 0px) {")
}

func TestEmptyPageHasInstructions(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	page := get(t, o, "http://localhost:8080/outbox").Body.String()
	require.Contains(t, page, "curl http://localhost:8080/v1/registrations")
	require.Contains(t, page, `href="/"`)
}

func TestPageShowsTheNewestOnly(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, sms("+1", "the oldest"))
	for range pageSize {
		send(t, o, sms("+1", "newer"))
	}
	page := get(t, o, "/outbox").Body.String()
	require.Equal(t, pageSize, strings.Count(page, "<article"))
	require.NotContains(t, page, "the oldest")
	require.Contains(t, page, "51 messages")
}

func TestUnchangedPageIsNotSentAgain(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	tag := get(t, o, "/outbox").Header().Get("ETag")
	require.Equal(t, http.StatusNotModified, get(t, o, "/outbox", "If-None-Match", tag).Code)
	send(t, o, sms("+1", "new"))
	changed := get(t, o, "/outbox", "If-None-Match", tag)
	require.Equal(t, http.StatusOK, changed.Code)
	require.NotEqual(t, tag, changed.Header().Get("ETag"))
}

func TestAFilteredPageChangesOnlyWithItsMessages(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, sms("+1", "Hello Ada"))
	const target = "/outbox?q=ada&channel=sms&kind=otp"
	tag := get(t, o, target).Header().Get("ETag")
	send(t, o, sms("+1", "Hello Grace"))
	require.Equal(t, http.StatusNotModified, get(t, o, target, "If-None-Match", tag).Code)
	require.Equal(t, http.StatusOK, get(t, o, "/outbox", "If-None-Match", tag).Code, "the tag of another filter")
	send(t, o, sms("+1", "Hello again, Ada"))
	changed := get(t, o, target, "If-None-Match", tag)
	require.Equal(t, http.StatusOK, changed.Code)
	require.Equal(t, 2, strings.Count(changed.Body.String(), "<article"))
}

func TestPageShowsTheSourceOfAnEmail(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, sms("+1", "text of the SMS"))
	require.NotContains(t, get(t, o, "/outbox").Body.String(), "HTML source")
	send(t, o, message.Message{Channel: message.ChannelEmail, To: "x", Text: "text of the email", HTML: `<p class="a">Hello &amp; welcome</p>`})
	views := map[string]string{}
	for _, n := range elements(t, get(t, o, "/outbox").Body, "pre") {
		views[attributes(n)["aria-label"]] = n.FirstChild.Data
	}
	require.Equal(t, map[string]string{
		"Plain text": "text of the email", "HTML source": `<p class="a">Hello &amp; welcome</p>`,
	}, views)
}

func TestMessagesLinkToTheirWorkflow(t *testing.T) {
	t.Parallel()
	const id = "0198f6c2-7d10-7a44-8c1f-5e2b9d3a6f01"
	for _, tt := range []struct {
		kind message.Kind
		id   string
		want []string
	}{
		{message.KindWelcome, id, []string{"/outbox/registrations/" + id, webUI + "/registration-" + id}},
		{message.KindCampaign, "c/1", []string{webUI + "/campaign-c%2F1"}},
		{message.KindWelcome, "", nil},
		{message.KindWelcome, "no UUID", nil},
	} {
		o := setup(t, t.TempDir())
		send(t, o, message.Message{RegistrationID: tt.id, Kind: tt.kind, Channel: message.ChannelSMS, To: "x"})
		page := get(t, o, "/outbox").Body.String()
		require.Subset(t, links(t, strings.NewReader(page)), append([]string{"/", webUI, "/docs"}, tt.want...))
		require.Equal(t, len(tt.want), strings.Count(page, `">timeline</a>`)+strings.Count(page, `">workflow</a>`))
	}
}

func TestPageWithoutWebUI(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	send(t, o, sms("+1", "text"))
	page := getFrom(t, o.Handler(timelines(noTimelines), ""), "/outbox").Body
	require.Equal(t, []string{"/", "/docs", "/outbox?to=%2B1"}, links(t, page))
}

// elements returns the elements of a page with a name.
func elements(t *testing.T, page io.Reader, name string) []*html.Node {
	t.Helper()
	root, err := html.Parse(page)
	require.NoError(t, err)
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			all = append(all, n)
		}
	}
	return all
}

// links returns the targets of a page's links.
func links(t *testing.T, page io.Reader) []string {
	t.Helper()
	var all []string
	for _, n := range elements(t, page, "a") {
		all = append(all, attributes(n)["href"])
	}
	return all
}

func TestPageHeaders(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	r := get(t, o, "/outbox")
	csp := r.Header().Get("Content-Security-Policy")
	require.Contains(t, csp, "default-src 'none'")
	require.Regexp(t, `script-src 'sha256-[A-Za-z0-9+/]{43}='(;|$)`, csp)
	require.NotContains(t, csp, "http")
	require.Equal(t, "nosniff", r.Header().Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", r.Header().Get("Cache-Control"))
	require.Contains(t, csp, "form-action 'self'")
	page := strings.ReplaceAll(r.Body.String(), `href="`+webUI, "")
	require.NotContains(t, page, "//cdn")
	require.NotRegexp(t, `(src|href|action)="(https?:)?//`, page)
}

func TestOnlyGet(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	w := httptest.NewRecorder()
	o.Handler(timelines(noTimelines), webUI).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/outbox.json", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}
