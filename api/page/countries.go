package page

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// countries is the list of countries in a language. Its markup is made once: there are two lists in a page.
type countries struct {
	codes   []string // ISO 3166-1 alpha-2
	options string   // HTML
}

// countryPrefix begins the keys of the names that replace those of golang.org/x/text, whose data are of 2017.
const countryPrefix = "country."

// countries returns the countries with phone numbers, or those of them in only, sorted by their names in the language.
func (c *catalogue) countries(only []string) countries {
	names := display.Regions(c.tag)
	if names == nil {
		names = display.Regions(language.English)
	}
	regions := only
	if len(regions) == 0 {
		regions = slices.Collect(maps.Keys(phonenumbers.GetSupportedRegions()))
	}
	type country struct{ code, text string }
	list := make([]country, 0, len(regions))
	for _, code := range regions {
		region, err := language.ParseRegion(code)
		if err != nil {
			continue // a code that only phone numbers use
		}
		name := cmp.Or(c.texts[countryPrefix+code], names.Name(region))
		// The isolates keep the country code in its order in right-to-left texts.
		text := fmt.Sprintf("%s (\u2066+%d\u2069)", name, phonenumbers.GetCountryCodeForRegion(code))
		list = append(list, country{code, text})
	}
	order := collate.New(c.tag)
	slices.SortFunc(list, func(a, b country) int { return order.CompareString(a.text, b.text) })
	var sorted countries
	for _, one := range list {
		sorted.codes = append(sorted.codes, one.code)
		sorted.options += option(one.code, one.text)
	}
	return sorted
}

func option(value, text string) string {
	return `<option value="` + value + `">` + html.EscapeString(text) + `</option>`
}

// selecting returns the options with one selected. If it is not in the list, the first option is an empty one with the text
// choose.
func (l countries) selecting(code, choose string) template.HTML {
	options := l.options
	if !slices.Contains(l.codes, code) {
		code, options = "", option("", choose)+options
	}
	value := `value="` + code + `"`
	return template.HTML(strings.Replace(options, value, value+" selected", 1)) // all texts are escaped
}
