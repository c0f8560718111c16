package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// country is an entry of the list of countries.
type country struct {
	Code     string // ISO 3166-1 alpha-2
	Text     string // the name with the country code of numbers
	Selected bool
}

// countryPrefix begins the keys of the names that replace those of golang.org/x/text, whose data are of 2017.
const countryPrefix = "country."

// countries returns the countries with phone numbers, or those of them in only, sorted by their names in the language.
func (c *catalogue) countries(only []string) []country {
	names := display.Regions(c.tag)
	if names == nil {
		names = display.Regions(language.English)
	}
	regions := only
	if len(regions) == 0 {
		regions = slices.Collect(maps.Keys(phonenumbers.GetSupportedRegions()))
	}
	list := make([]country, 0, len(regions))
	for _, code := range regions {
		region, err := language.ParseRegion(code)
		if err != nil {
			continue // a code that only phone numbers use
		}
		// The isolates keep the code in its order in right-to-left texts.
		name := cmp.Or(c.texts[countryPrefix+code], names.Name(region))
		text := fmt.Sprintf("%s (\u2066+%d\u2069)", name, phonenumbers.GetCountryCodeForRegion(code))
		list = append(list, country{Code: code, Text: text})
	}
	order := collate.New(c.tag)
	slices.SortFunc(list, func(a, b country) int { return order.CompareString(a.Text, b.Text) })
	return list
}
