package page

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAssets(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{Logo: &File{Name: "Acme.SVG", Body: []byte("<svg></svg>")}, Style: []byte(":root{}")})
	require.Regexp(t, `^/signup/assets/logo-[0-9a-f]{12}\.SVG$`, p.AssetURL("logo"))
	require.NotEqual(t, p.AssetURL("theme.css"), pages(t, Options{Style: []byte(":host{}")}).AssetURL("theme.css"))
	require.Empty(t, p.AssetURL("other.js"))
	for name, a := range p.assets {
		require.NotEmpty(t, a.MediaType, name)
		if a.Gzip != nil {
			r, err := gzip.NewReader(bytes.NewReader(a.Gzip))
			require.NoError(t, err)
			body, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Equal(t, a.Body, body)
		}
	}
	_, err := New(Options{Logo: &File{Name: "logo.exe", Body: []byte("MZ")}})
	require.ErrorContains(t, err, "logo.exe: the extension is none of [.css .gif")
}

// TestLicenses: the license of each bundled library is served with the bundles.
func TestLicenses(t *testing.T) {
	t.Parallel()
	var manifest struct{ Dependencies map[string]string }
	text, err := os.ReadFile("package.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &manifest))
	require.NotEmpty(t, manifest.Dependencies)
	licenses, ok := pages(t, Options{}).Asset("licenses.txt")
	require.True(t, ok)
	for library := range manifest.Dependencies {
		require.Contains(t, string(licenses.Body), "==> node_modules/"+library+"/LICENSE", "generate.go lists the libraries")
	}
}

// contrast is the ratio of WCAG 2.2 between two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light := []float64{luminance(t, a), luminance(t, b)}
	slices.Sort(light)
	return (light[1] + 0.05) / (light[0] + 0.05)
}

// luminance is the relative luminance of a colour, #rgb or #rrggbb.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	digits := strings.TrimPrefix(colour, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	rgb, err := hex.DecodeString(digits)
	require.NoError(t, err, colour)
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(rgb[i]) / 255
		if c <= 0.04045 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}

// TestContrast checks the colours of the light and the dark scheme: 4.5:1 for text, 3:1 for the borders of inputs and for focus.
func TestContrast(t *testing.T) {
	t.Parallel()
	style, err := assetFiles.ReadFile("page.css")
	require.NoError(t, err)
	colours := map[string][]string{}
	for _, found := range regexp.MustCompile(`--(\S+): var\(--registrar-\S+, light-dark\((#\w+), (#\w+)\)\)`).FindAllStringSubmatch(string(style), -1) {
		colours[found[1]] = found[2:]
	}
	for _, tt := range []struct {
		front, back string
		least       float64
	}{
		{"text", "surface", 4.5}, {"text", "background", 4.5}, {"text", "input", 4.5}, {"muted", "surface", 4.5}, {"muted", "background", 4.5},
		{"accent", "surface", 4.5}, {"accent", "background", 4.5}, {"on-accent", "accent", 4.5}, {"on-accent", "accent-hover", 4.5},
		{"danger", "surface", 4.5}, {"danger", "danger-surface", 4.5}, {"success", "surface", 3}, {"input-line", "surface", 3}, {"input-line", "input", 3},
	} {
		for i, scheme := range []string{"light", "dark"} {
			require.Len(t, colours[tt.front], 2, tt.front)
			require.GreaterOrEqual(t, contrast(t, colours[tt.front][i], colours[tt.back][i]), tt.least, "%s on %s, %s", tt.front, tt.back, scheme)
		}
	}
}
