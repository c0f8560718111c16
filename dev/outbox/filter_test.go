package outbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
)

// setupPeople returns an outbox with messages to three people.
func setupPeople(t *testing.T) *Outbox {
	t.Helper()
	o := setup(t, t.TempDir())
	for _, m := range []message.Message{
		{RegistrationID: "r-ada", Kind: message.KindOTP, Channel: message.ChannelSMS, To: "+4915112345678", Text: "Your code is 271828."},
		{
			RegistrationID: "r-jose", Kind: message.KindWelcome, Channel: message.ChannelEmail, To: "jose@example.com",
			Subject: "Welcome, José", Text: "Hello José, welcome to Straße 7.", HTML: "<table>Hello</table>",
		},
		{RegistrationID: "r-jose", Kind: message.KindOTP, Channel: message.ChannelEmail, To: "jose@example.com", Subject: "Your code", Text: "314159"},
		{RegistrationID: "c-1", Kind: message.KindCampaign, Channel: message.ChannelEmail, To: "layla@example.com", Subject: "News", Text: "مَرحَبًا ليلى"},
	} {
		send(t, o, m)
	}
	return o
}

func TestFind(t *testing.T) {
	t.Parallel()
	o := setupPeople(t)
	for _, tt := range []struct {
		filter Filter
		want   []string // kinds, newest first
	}{
		{Filter{}, []string{"campaign", "otp", "welcome", "otp"}},
		{Filter{Channel: message.ChannelSMS}, []string{"otp"}},
		{Filter{Kind: message.KindOTP}, []string{"otp", "otp"}},
		{Filter{Kind: message.KindOTP, Channel: message.ChannelEmail}, []string{"otp"}},
		{Filter{Kind: message.KindCampaign, Channel: message.ChannelSMS}, nil},
		{Filter{RegistrationID: "r-jose"}, []string{"otp", "welcome"}},
		{Filter{To: "jose@example.com", Query: "hello"}, []string{"welcome"}},
		{Filter{Query: "jose"}, []string{"otp", "welcome"}},
		{Filter{Query: "JOSÉ welcome"}, []string{"welcome"}},
		{Filter{Query: "welcome jose"}, []string{"welcome"}},
		{Filter{Query: "Jose\u0301 hello"}, []string{"welcome"}},
		{Filter{Query: "strasse"}, []string{"welcome"}},
		{Filter{Query: "table"}, nil},
		{Filter{Query: "hello code"}, nil},
		{Filter{Query: "مرحبا"}, []string{"campaign"}},
		{Filter{Query: "c-1"}, []string{"campaign"}},
		{Filter{Query: "271828"}, []string{"otp"}},
		{Filter{Query: "   "}, []string{"campaign", "otp", "welcome", "otp"}},
	} {
		var got []string
		for _, s := range o.Find(tt.filter) {
			got = append(got, string(s.Kind))
		}
		require.Equal(t, tt.want, got, "%+v", tt.filter)
	}
}

func TestFindNumberInAnyForm(t *testing.T) {
	t.Parallel()
	o := setupPeople(t)
	for _, number := range []string{
		"+4915112345678", "+49 151 12345678", "0049 151 123 45 678", "0151 12345678", "0151/12345678", "(0151) 123-45678",
		"+49 (0)151 12345678", " 12345678 ", "151.12345678",
	} {
		require.Len(t, o.Find(Filter{Query: number}), 1, number)
	}
	for _, other := range []string{"+49 151 12345679", "0152 12345678", "00000", "+++++"} {
		require.Empty(t, o.Find(Filter{Query: other}), other)
	}
}

func TestSearchFindsAllMessages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := setup(t, dir)
	send(t, o, sms("+1", "Hello Ada"))
	for range 3 * pageSize {
		send(t, o, sms("+2", "Hello"))
	}
	require.Contains(t, get(t, o, "/outbox?q=ada").Body.String(), "Hello Ada")
	require.Contains(t, get(t, setup(t, dir), "/outbox?q=ada").Body.String(), "Hello Ada", "after a restart")
}

// TestOlderMessages follows the links from the newest to the oldest page.
func TestOlderMessages(t *testing.T) {
	t.Parallel()
	o := setup(t, t.TempDir())
	for n := range 2*pageSize + 1 {
		send(t, o, sms("+1", "Ada "+strconv.Itoa(n)))
		send(t, o, sms("+1", "Grace"))
	}
	seen := map[string]bool{}
	pages := 0
	for target := "/outbox?q=ada"; target != ""; pages++ {
		page := get(t, o, target).Body.String()
		for _, n := range elements(t, strings.NewReader(page), "article") {
			require.False(t, seen[attributes(n)["id"]])
			seen[attributes(n)["id"]] = true
		}
		require.Equal(t, pages > 0, strings.Contains(page, "newest messages"))
		target = ""
		for _, link := range links(t, strings.NewReader(page)) {
			if strings.Contains(link, "before=") {
				target = link
			}
		}
	}
	require.Equal(t, 3, pages)
	require.Len(t, seen, 2*pageSize+1)
	require.Contains(t, get(t, o, "/outbox?before=unknown").Body.String(), "No older messages")
}

func TestFormShowsTheFilter(t *testing.T) {
	t.Parallel()
	o := setupPeople(t)
	page := get(t, o, "/outbox?q=jos%C3%A9&channel=email&kind=otp&to=jose@example.com&before=").Body.String()
	require.Contains(t, page, "1 message to")
	require.Contains(t, page, `<option value="email" selected>`)
	require.Contains(t, page, `<option value="otp" selected>`)
	fields := map[string]string{}
	for _, n := range elements(t, strings.NewReader(page), "input") {
		fields[attributes(n)["name"]] = attributes(n)["value"]
	}
	require.Equal(t, "josé", fields["q"])
	require.Equal(t, "jose@example.com", fields["to"])
	require.Contains(t, links(t, strings.NewReader(page)), "/outbox", "show all")

	unknown := get(t, o, "/outbox?kind=unknown").Body.String()
	require.Contains(t, unknown, `<option value="unknown" selected>`)
	require.Contains(t, unknown, "No such messages yet")
	require.NotContains(t, get(t, o, "/outbox").Body.String(), "show all")
}

func TestJSONWithFilter(t *testing.T) {
	t.Parallel()
	o := setupPeople(t)
	for query, want := range map[string]int{
		"": 4, "channel=email": 3, "kind=otp": 2, "kind=otp&channel=email": 1, "q=jos%C3%A9": 2, "to=jose@example.com&kind=welcome": 1,
		"q=" + url.QueryEscape("+49 151 12345678"): 1, "before=" + o.Sent("")[1].ID: 2, "before=unknown": 0,
	} {
		a := get(t, o, "/outbox.json?"+query)
		require.Equal(t, http.StatusOK, a.Code)
		var list []Sent
		require.NoError(t, json.Unmarshal(a.Body.Bytes(), &list))
		require.Len(t, list, want, query)
	}
}
