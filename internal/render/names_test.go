package render_test

import (
	"strings"
	"testing"
	"unicode"

	"registrar/internal/render"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

var hostileNames = []string{
	"<script>", "</td><a href=//evil.example>x", `" onload="x`, "'", "&lt;", "{{.Code}}", "<!--", "]]>", "%recipient%",
	"Ada\r\nBcc: all@example.com", "Ada\u2028Bcc", "Ada\u0085Bcc", "Ada\x00", "\u202eadA", "\xff\xfe", "\v\f",
	"evil.example", "www.evil.example", "https://evil.example", "evil。example", "a@evil.example", "evil.example/x",
	"Ada", "J. R. R.", "O'Neil", "Zoë", "Ада", "阿达", "آدا", "م\u200cن", "👩‍💻", "",
}

// TestAnyName checks that any first name is rendered as plain text.
func TestAnyName(t *testing.T) {
	t.Parallel()
	r := newTemplates(t, brand)
	names := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom(hostileNames),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom(hostileNames), 2, 4), func(s []string) string { return strings.Join(s, "") }),
	)
	rapid.Check(t, func(t *rapid.T) {
		locale := rapid.SampledFrom([]string{"en", "de", "ar"}).Draw(t, "locale")
		plain := rendered(t, r, locale, "Ada")
		for kind, m := range rendered(t, r, locale, names.Draw(t, "name")) {
			require.Equal(t, plain[kind].Subject, m.Subject)
			require.Equal(t, tags(plain[kind].HTML), tags(m.HTML))
			require.Equal(t, strings.Count(plain[kind].Text, "\n"), strings.Count(m.Text, "\n"))
			require.False(t, strings.ContainsFunc(m.Subject+m.Text, unprintable), "%q", m.Text)
		}
	})
}

// tags returns the tags of a page with their attributes, without the text and without the tags that isolate a name.
func tags(page string) []string {
	var found []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return found
		case html.TextToken:
		default:
			if tag := z.Token().String(); tag != "<bdi>" && tag != "</bdi>" {
				found = append(found, tag)
			}
		}
	}
}

func unprintable(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029')
}

func TestNames(t *testing.T) {
	t.Parallel()
	r := newTemplates(t, brand)
	for name, greeting := range map[string]string{
		"Ada":                  "Hello Ada,",
		"  Ada  Mary ":         "Hello Ada Mary,",
		"J. R. R.":             "Hello J. R. R.,",
		"Ада":                  "Hello Ада,",
		"Ada\r\nBcc: x":        "Hello Ada Bcc: x,",
		"<script>":             "Hello <script>,",
		"www.evil.example":     "Hello,",
		"https://evil.example": "Hello,",
		"a@evil.example":       "Hello,",
		"Call 0900 1234567":    "Hello,",
		"\x00\u202e":           "Hello,",
	} {
		m := rendered(t, r, "en", name)["otp_email"]
		first, _, _ := strings.Cut(m.Text, "\n")
		require.Equal(t, greeting, first)
		require.NotContains(t, m.HTML, "<script")
	}
	require.Contains(t, rendered(t, r, "en", "<script>")["otp_email"].HTML, "Hello &lt;script&gt;,")
}

// TestSubjectIsOneLine checks the subject with a brand name, its only configured part.
func TestSubjectIsOneLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fits := func(name string) bool { // into one SMS
			_, err := render.New(render.Brand{Name: name}, nil)
			return err == nil
		}
		r, err := render.New(render.Brand{Name: rapid.StringN(1, 12, 24).Filter(fits).Draw(t, "brand")}, nil)
		require.NoError(t, err)
		for _, m := range rendered(t, r, "en", "Ada") {
			require.False(t, strings.ContainsFunc(m.Subject, func(r rune) bool { return r == '\n' || unprintable(r) }))
		}
	})
}
