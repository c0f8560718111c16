package page

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
)

// folder returns a folder with one file.
func folder(name, text string) fstest.MapFS {
	return fstest.MapFS{name: &fstest.MapFile{Data: []byte(text)}}
}

func TestBuiltInCatalogues(t *testing.T) {
	t.Parallel()
	languages, err := loadCatalogues(nil)
	require.NoError(t, err, "every language has exactly the keys of English")
	var names []string
	for _, c := range languages {
		names = append(names, c.tag.String()+" "+c.direction())
	}
	require.Equal(t, []string{"en ltr", "ar rtl", "de ltr"}, names)
}

func TestMistakesInCatalogues(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, text, want string }{
		"no JSON":           {"de.json", "{", "de.json: is not one JSON object of texts: unexpected end of JSON input"},
		"no text":           {"de.json", `{"form.title": 1}`, "de.json: is not one JSON object of texts"},
		"no language":       {"german.json", "{}", "german.json: the file's name is not a language tag (BCP 47) and .json"},
		"unknown key":       {"de.json", `{"form.titel": "Konto"}`, "de.json: form.titel: is unknown"},
		"empty":             {"de.json", `{"form.title": " "}`, "de.json: form.title: is empty"},
		"missing":           {"fr.json", `{"form.title": "Compte"}`, "fr.json: form.submit: is missing"},
		"variable missing":  {"de.json", `{"code.expires_in": "Bald"}`, "de.json: code.expires_in: has the variables [], but needs [{time}]"},
		"variable unknown":  {"de.json", `{"form.title": "{name}"}`, "de.json: form.title: has the variables [{name}], but needs []"},
		"another direction": {"de.json", `{"direction": "up"}`, "de.json: direction: must be ltr or rtl"},
		"plural form":       {"de.json", `{"time.minutes.few": "{count} Minuten"}`, "de.json: time.minutes.few: is unknown"},
		"plural missing":    {"ru.json", `{"language": "Русский"}`, "ru.json: time.minutes.many: is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Options{Catalogues: folder(tt.file, tt.text)})
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestTextsCanBeReplaced(t *testing.T) {
	t.Parallel()
	p, err := New(Options{Catalogues: folder("de.json", `{"form.title": "Jetzt mitmachen"}`)})
	require.NoError(t, err)
	require.Contains(t, signup(t, p, "de", Signup{Step: StepForm}), ">Jetzt mitmachen</h1>")
	require.Contains(t, signup(t, p, "de", Signup{Step: StepForm}), "Vorname")
}

// TestLanguageByAFileAlone adds Russian, which has other plural forms than the built-in languages.
func TestLanguageByAFileAlone(t *testing.T) {
	t.Parallel()
	languages, err := loadCatalogues(nil)
	require.NoError(t, err)
	texts := (&catalogue{tag: language.Russian}).wantedKeys(languages[0])
	maps.Copy(texts, map[string]string{"language": "Русский", "form.title": "Регистрация", "time.minutes.few": "{count} минуты"})
	file, err := json.Marshal(texts)
	require.NoError(t, err)
	p, err := New(Options{Catalogues: folder("ru.json", string(file))})
	require.NoError(t, err)
	shown := signup(t, p, "ru", Signup{Step: StepForm})
	require.Contains(t, shown, `<html lang="ru" dir="ltr">`)
	require.Contains(t, shown, ">Регистрация</h1>")
	require.Contains(t, shown, ">Русский</button>")
	require.Contains(t, shown, "Германия", "the names of countries come with it")
	require.Equal(t, "3 минуты", p.Match("ru").texts.count("time.minutes", 3))
}

func TestPlurals(t *testing.T) {
	t.Parallel()
	p := pages(t, Options{})
	for tag, want := range map[string][]string{
		"en": {"0 minutes", "1 minute", "2 minutes", "5 minutes", "11 minutes"},
		"de": {"0 Minuten", "1 Minute", "2 Minuten", "5 Minuten", "11 Minuten"},
		"ar": {"0 دقيقة", "دقيقة واحدة", "دقيقتين", "5 دقائق", "11 دقيقة"},
	} {
		for i, n := range []int{0, 1, 2, 5, 11} {
			require.Equal(t, want[i], p.Match(tag).texts.count("time.minutes", n))
		}
	}
}

// TestCatalogueHasNoMarkup: the templates have all markup, so that a language needs none.
func TestCatalogueHasNoMarkup(t *testing.T) {
	t.Parallel()
	for _, c := range pages(t, Options{}).languages {
		for key, text := range c.texts {
			require.False(t, strings.ContainsAny(text, "<>&"), "%s: %s", c.tag, key)
			require.Equal(t, strings.TrimSpace(text), text, "%s: %s", c.tag, key)
		}
	}
}
