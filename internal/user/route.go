package user

import (
	"slices"
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

const (
	// nonGeographic is the region of country codes that belong to no country (ISO 3166-1: "001"): satellite networks (+870,
	// +881), international networks (+882, +883), personal numbers (+878) and others. SMS to them are expensive.
	nonGeographic = "001"

	maxRouteDigits  = 4 // after the country code: enough for an operator's range in most countries
	minHiddenDigits = 5 // at the end: at least 100,000 numbers have the same route
)

// Route is where an SMS goes, without the number. It identifies nobody.
type Route struct {
	Country string // ISO 3166-1 alpha-2, or "001" for networks that belong to no country; "" if there is no number
	Prefix  string // +, the country code and the first digits, at most 4
}

// RouteOf returns the route of an E.164 number. Text that is no number has the zero value.
func RouteOf(e164 string) Route {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return Route{}
	}
	country := phonenumbers.GetRegionCodeForNumber(n)
	if country == "" { // a range that the metadata does not list, in a code that several countries share
		country = phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	}
	national := phonenumbers.GetNationalSignificantNumber(n)
	shown := max(0, min(maxRouteDigits, len(national)-minHiddenDigits))
	return Route{Country: country, Prefix: "+" + strconv.Itoa(int(n.GetCountryCode())) + national[:shown]}
}

// ParseMobile returns a number in E.164 form, as the function ParseMobile does, if the rules allow SMS to its country.
func (r Rules) ParseMobile(number string) (string, error) {
	e164, err := ParseMobile(number, r.DefaultRegion)
	if err != nil {
		return "", err
	}
	if country := RouteOf(e164).Country; country == nonGeographic || len(r.SMSCountries) > 0 && !slices.Contains(r.SMSCountries, country) {
		return "", ErrNotSupported
	}
	return e164, nil
}
