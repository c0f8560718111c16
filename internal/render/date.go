package render

import (
	"strings"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/ar"
	"github.com/go-playground/locales/ar_DZ"
	"github.com/go-playground/locales/ar_IQ"
	"github.com/go-playground/locales/ar_JO"
	"github.com/go-playground/locales/ar_LB"
	"github.com/go-playground/locales/ar_MA"
	"github.com/go-playground/locales/ar_PS"
	"github.com/go-playground/locales/ar_SY"
	"github.com/go-playground/locales/ar_TN"
	"github.com/go-playground/locales/cs"
	"github.com/go-playground/locales/da"
	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/de_AT"
	"github.com/go-playground/locales/el"
	"github.com/go-playground/locales/en"
	"github.com/go-playground/locales/en_CA"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fi"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/he"
	"github.com/go-playground/locales/hu"
	"github.com/go-playground/locales/it"
	"github.com/go-playground/locales/ja"
	"github.com/go-playground/locales/ko"
	"github.com/go-playground/locales/nb"
	"github.com/go-playground/locales/nl"
	"github.com/go-playground/locales/pl"
	"github.com/go-playground/locales/pt"
	"github.com/go-playground/locales/ro"
	"github.com/go-playground/locales/ru"
	"github.com/go-playground/locales/sv"
	"github.com/go-playground/locales/tr"
	"github.com/go-playground/locales/uk"
	"github.com/go-playground/locales/zh"
	"golang.org/x/text/language"
)

// dateFormats are the CLDR date formats of languages and of regions that differ from their language. Other languages get
// dates in the form 2026-11-24.
var dateFormats = []locales.Translator{
	en.New(), en_GB.New(), en_CA.New(), de.New(), de_AT.New(), ar.New(),
	ar_DZ.New(), ar_IQ.New(), ar_JO.New(), ar_LB.New(), ar_MA.New(), ar_PS.New(), ar_SY.New(), ar_TN.New(),
	cs.New(), da.New(), el.New(), es.New(), fi.New(), fr.New(), he.New(), hu.New(), it.New(), ja.New(), ko.New(),
	nb.New(), nl.New(), pl.New(), pt.New(), ro.New(), ru.New(), sv.New(), tr.New(), uk.New(), zh.New(),
}

var (
	dateTags    = tagsOf(dateFormats)
	dateMatcher = language.NewMatcher(dateTags)
)

func tagsOf(formats []locales.Translator) []language.Tag {
	tags := make([]language.Tag, len(formats))
	for i, format := range formats {
		tags[i] = language.Make(strings.ReplaceAll(format.Locale(), "_", "-"))
	}
	return tags
}

// date formats the UTC date of t for a text in the given language. If the user's locale has the same language, its region
// selects the format.
func date(locale, text language.Tag, t time.Time) string {
	t = t.UTC()
	tag := text
	if sameLanguage(locale, text) {
		tag = locale
	}
	_, i, _ := dateMatcher.Match(tag)
	if !sameLanguage(dateTags[i], text) {
		return t.Format(time.DateOnly)
	}
	return dateFormats[i].FmtDateLong(t)
}

func sameLanguage(a, b language.Tag) bool {
	first, _ := a.Base()
	second, _ := b.Base()
	return first == second
}
