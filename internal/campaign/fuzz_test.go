package campaign_test

import (
	stdhtml "html"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"registrar/internal/campaign"
	"registrar/internal/message"
)

// FuzzFill shows that whatever HTML is accepted, a first name in it is text and nothing else.
func FuzzFill(f *testing.F) {
	names := []string{
		"<script>alert(1)</script>", `" onload="x`, "' x='", "--><p>", "&lt;", "</p><a href=//evil.example>", "\x00", "]]>", "{{unsubscribe}}",
		"%recipient.x%", "", " ", "</style>", "=", "`", "/>", "\u2028", "\xff",
	}
	pages := []string{
		goodHTML, "<p>{{first_name}}<{{unsubscribe}}", "<table>{{first_name}}<tr><td>{{unsubscribe}}", "<a href='{{unsubscribe}}'{{first_name}}>",
		"<!{{first_name}}>{{unsubscribe}}", "</{{first_name}}>{{unsubscribe}}", "<b>{{first_name}}</b>&{{first_name}};{{unsubscribe}}",
		"<a x=\"y\"href=\"{{unsubscribe}}\">< {{first_name}}", "<title>{{unsubscribe}}</title>", "<p>{{unsubscribe}}<p a={{first_name}}",
	}
	for i, page := range pages {
		for j, name := range names {
			if i == 0 || j < 3 {
				f.Add(page, name)
			}
		}
	}
	f.Fuzz(func(t *testing.T, page, name string) {
		c := campaign.Content{Name: "n", Subject: "s", Text: "{{unsubscribe}}", HTML: page}
		p, err := c.Compile()
		if err != nil {
			return
		}
		filled := func(name string) []string {
			r := message.Recipient{FirstName: name, UnsubscribeURL: "https://a.example/unsubscribe?token=a-_b"}
			return tags(p.HTML.Fill(func(f message.Field) string { return stdhtml.EscapeString(r.Value(f)) }))
		}
		require.Equal(t, filled("Ada"), filled(name))
	})
}

// FuzzPreview shows that accepted texts keep their shape for any recipient.
func FuzzPreview(f *testing.F) {
	for _, seed := range [][4]string{
		{"Spring", "News for {{first_name}}", "Bye: {{unsubscribe}}", "de-AT"}, {"a\nb", "a\r\nBcc: b@example.com", "{{ unsubscribe }}", "und"},
		{"a", "{{unsubscribe}}", "{{first_name}} {{unsubscribe", "en"}, {"a", "{{", "}}{{unsubscribe}}{{x}}", ""}, {"\u202e", "a\u2028b", "\x00{{unsubscribe}}", "x"},
		{"", "", "", ""}, {"\xff", "\xff", "\xff{{unsubscribe}}", "\xff"}, {strings.Repeat("a", 101), strings.Repeat("a", 201), "{{{unsubscribe}}}", "en-u-ca-buddhist"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], "Ada")
		f.Add(seed[0], seed[1], seed[2], seed[3], "{{unsubscribe}}%recipient.x%")
	}
	f.Fuzz(func(t *testing.T, name, subject, text, locale, firstName string) {
		c := campaign.Content{Name: name, Subject: subject, Text: text, Locale: locale}
		if len(c.Check()) > 0 {
			return
		}
		if strings.ContainsFunc(firstName, unicode.IsControl) {
			return // user.New refuses it
		}
		const link = "https://a.example/unsubscribe?token=a-_b"
		p, err := c.Preview(message.Recipient{FirstName: firstName, UnsubscribeURL: link})
		require.NoError(t, err)
		require.Contains(t, p.Text, link)
		require.NotContains(t, p.Subject, link)
		require.False(t, strings.ContainsFunc(p.Subject, unicode.IsControl), "%q", p.Subject)
		require.True(t, utf8.ValidString(name+subject+text))
		require.False(t, strings.ContainsFunc(name, unicode.IsControl))
		require.Regexp(t, `^[A-Za-z0-9-]{0,35}$`, strings.ReplaceAll(locale, "_", "-"))
	})
}

// tags are all tokens of a page but its text.
func tags(page string) []string {
	var all []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return all
		case html.TextToken:
		default:
			all = append(all, z.Token().String())
		}
	}
}

// TestFillKeepsTheTree parses what a mail client would.
func TestFillKeepsTheTree(t *testing.T) {
	t.Parallel()
	p, err := content().Compile()
	require.NoError(t, err)
	tree := func(name string) []string {
		root, err := html.Parse(strings.NewReader(p.HTML.Fill(func(f message.Field) string { return stdhtml.EscapeString(name) })))
		require.NoError(t, err)
		var all []string
		for n := range root.Descendants() {
			if n.Type != html.TextNode {
				all = append(all, n.Data)
			}
		}
		return all
	}
	for _, name := range []string{"", "<script>", `"><img src=x onerror=alert(1)>`, "</body>", "<!--", "&lt;b&gt;"} {
		require.Equal(t, tree("Ada"), tree(name), name)
	}
}
