package browser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fourthLanguage writes a catalogue file for French and returns its folder. Its texts are the English ones in brackets.
func fourthLanguage() string {
	content, err := os.ReadFile("../../api/page/catalogue/en.json")
	if err != nil {
		panic(err)
	}
	english, french := map[string]string{}, map[string]string{}
	if err := json.Unmarshal(content, &english); err != nil {
		panic(err)
	}
	for name, text := range english {
		french[name] = "[" + text + "]"
	}
	french["language"], french["direction"] = "Français", "ltr"
	dir := filepath.Join(tempDir, "catalogues")
	if err := writeFile(filepath.Join(dir, "fr.json"), []byte(literal(french))); err != nil {
		panic(err)
	}
	return dir
}

// TestOperator sees what the operator of the service has configured.
func TestOperator(t *testing.T) {
	t.Parallel()
	t.Run("theme and logo", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, custom)
		for _, scheme := range []string{"light", "dark"} {
			p.media("prefers-color-scheme", scheme)
			p.open("/")
			require.Equal(t, "Acme", eval[string](p, `shown("header img").alt`))
			require.Equal(t, 120, eval[int](p, `shown("header img").naturalWidth`))
			require.Equal(t, map[string]string{"light": "rgb(10, 122, 63)", "dark": "rgb(123, 216, 155)"}[scheme],
				eval[string](p, `getComputedStyle(shown("[data-submit]")).backgroundColor`))
			p.axe("theme, " + scheme)
			p.screenshot("theme " + scheme)
		}
	})
	t.Run("links below the form", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, custom)
		p.open("/")
		require.Subset(t, eval[[]string](p, `$$("a").filter(visible).map(a => a.href)`), []string{
			"https://example.com/login", "https://example.com/terms", "https://example.com/privacy", "https://example.com/help",
		})
	})
	bothWays(t, custom, "errors of own fields and terms", func(t *testing.T, p *page) {
		p.open("/")
		p.fillForm(newPerson().withoutNumber())
		p.fill("attributes.company", strings.Repeat("x", 41))
		p.fill("attributes.seats", "0")
		p.submitInvalid()
		for _, name := range []string{"attributes.plan", "attributes.seats", "terms_accepted"} {
			p.waitFieldError(name)
		}
		require.Equal(t, phrase(t, "en", "error.terms_accepted.required"), p.waitFieldError("terms_accepted"))
		p.axe("errors of own fields")
		p.screenshot("own fields")
	})
	bothWays(t, custom, "a fourth language by a file alone", func(t *testing.T, p *page) {
		p.open("/")
		p.send(`[data-lang="fr"]`)
		p.wait(`document.documentElement.lang === "fr"`)
		p.waitReady()
		require.Equal(t, "["+phrase(t, "en", "form.title")+"]", p.text("h1"))
		require.Equal(t, "Allemagne", eval[string](p, `shown('[name="country"]').selectedOptions[0].text.split(" (")[0]`))
		p.submitInvalid()
		require.Equal(t, "["+phrase(t, "en", "error.email.required")+"]", p.waitFieldError("email"))
		p.axe("French")
	})
}
