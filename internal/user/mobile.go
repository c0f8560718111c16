package user

import (
	"errors"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

const (
	mobileTail = 3 // digits at the end that MaskMobile shows

	// internationalPrefix is the prefix before a country code that ITU-T E.164 recommends.
	internationalPrefix = "00"

	pluses = "+＋﹢"
	// mobilePunctuation are characters that group digits, besides spaces and dashes.
	mobilePunctuation = "()[]./~（）［］．／～·∼⁓"
)

var (
	errMobileRequired    = &Error{CodeRequired, "is required"}
	errMobileFormat      = &Error{CodeInvalid, "must be a mobile number such as +491701234567"}
	errMobileCharacters  = &Error{CodeInvalidCharacters, "may contain only digits, spaces and + - . ( ) /"}
	errMobileCountryCode = &Error{CodeCountryCodeMissing, "must start with + and the country code"}
	errMobileTooShort    = &Error{CodeTooShort, "has too few digits for its country"}
	errMobileTooLong     = &Error{CodeTooLong, "has too many digits for its country"}
	errNotMobile         = &Error{CodeNotMobile, "must be a mobile number, one that receives text messages"}
)

// ParseMobile returns a number in E.164 form. It accepts digits of any script, with spaces, dashes, brackets, dots, slashes
// and invisible characters. A country code follows + or an international prefix: 00, or the prefix that is dialled in
// region (ISO 3166-1 alpha-2), such as 011 in the US. A number without a country code belongs to region.
// CodeCountryCodeMissing means that the number has no country code and region is empty or unknown, or that the number can
// be read as two different mobile numbers.
//
// The number must be a possible mobile number in libphonenumber's metadata: of the right length for its country, and not
// in a range of another type (fixed lines, toll-free, premium, pagers). A number as long as a mobile number is accepted in
// ranges that the metadata does not list, and in countries whose mobile and fixed numbers look alike (+1). Mexico's old
// prefixes are dropped. The error is an *Error.
func ParseMobile(number, region string) (string, error) {
	dialled, err := readDialled(number)
	if err != nil {
		return "", err
	}
	var best mobile
	for _, reading := range readings(dialled, region) {
		var m mobile
		if m, err = readMobile(reading.number, reading.region); err != nil {
			continue
		}
		switch {
		case best.e164 == "", m.known && !best.known:
			best = m
		case m.known == best.known && m.e164 != best.e164:
			return "", errMobileCountryCode
		}
	}
	switch {
	case best.e164 != "":
		return best.e164, nil
	case err != nil:
		return "", err
	}
	return "", errMobileCountryCode
}

// readDialled returns the digits of a number, after a + if it has one.
func readDialled(number string) (string, error) {
	dialled := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(pluses, r):
			return '+'
		case strings.ContainsRune(mobilePunctuation, r):
			return -1
		}
		return r
	}, readDigits(number))
	switch {
	case readDigits(number) == "":
		return "", errMobileRequired
	case strings.Trim(dialled, "+0123456789") != "": // such as letters of vanity numbers, extensions or URI parameters
		return "", errMobileCharacters
	case strings.Trim(dialled, "+") == "", strings.LastIndex(dialled, "+") > 0:
		return "", errMobileFormat
	}
	return dialled, nil
}

// reading is a number to parse by the rules of a region. A number with a + has no region.
type reading struct{ number, region string }

// readings lists the possible meanings of dialled digits. 00 is read as + in every region, even where another prefix is
// dialled: it is written all over the world, and only Tajikistan has numbers that begin with 00. A number can still have
// two meanings: Korea also dials 008 before the country code, so 0081 90 1234 5678 is a number of Japan (+81) or of North
// America (+1).
func readings(dialled, region string) []reading {
	if strings.HasPrefix(dialled, "+") {
		return []reading{{number: dialled}}
	}
	var all []reading
	if ValidRegion(region) {
		all = append(all, reading{dialled, strings.ToUpper(region)})
	}
	if abroad, ok := strings.CutPrefix(dialled, internationalPrefix); ok {
		all = append(all, reading{number: "+" + abroad})
	}
	return all
}

// mobile is a possible mobile number.
type mobile struct {
	e164  string
	known bool // the metadata lists it as a mobile number
}

func readMobile(number, region string) (mobile, error) {
	parsed, err := phonenumbers.Parse(number, region)
	if err != nil {
		return mobile{}, mobileParseError(err)
	}
	e164 := phonenumbers.Format(withoutRetiredPrefix(parsed), phonenumbers.E164)
	// The E.164 form must be a number itself. It is not if, for example, a national prefix occurs twice.
	if parsed, err = phonenumbers.Parse(e164, ""); err != nil {
		return mobile{}, mobileParseError(err)
	}
	if phonenumbers.Format(withoutRetiredPrefix(parsed), phonenumbers.E164) != e164 {
		return mobile{}, errMobileFormat
	}
	known, err := checkMobile(parsed)
	if err != nil {
		return mobile{}, err
	}
	return mobile{e164, known}, nil
}

// Until August 2019, callers dialled 1 before Mexican mobile numbers from abroad, and 01, 044 or 045 within the country.
// Address books still contain these prefixes. Today Mexican numbers have 10 digits.
const (
	mexico          = 52
	mexicanNational = 10 // digits
)

var retiredMexicanPrefixes = []string{"1", "01", "044", "045"}

func withoutRetiredPrefix(n *phonenumbers.PhoneNumber) *phonenumbers.PhoneNumber {
	if n.GetCountryCode() != mexico {
		return n
	}
	national := phonenumbers.GetNationalSignificantNumber(n)
	for _, prefix := range retiredMexicanPrefixes {
		rest, ok := strings.CutPrefix(national, prefix)
		if !ok || len(rest) != mexicanNational {
			continue
		}
		if today, err := phonenumbers.Parse("+"+strconv.Itoa(mexico)+rest, ""); err == nil {
			return today
		}
	}
	return n
}

// ValidRegion reports whether ParseMobile supports region.
func ValidRegion(region string) bool {
	return phonenumbers.GetSupportedRegions()[strings.ToUpper(region)]
}

// optionalMobile returns "" for a number without digits and signs, or else what parse returns.
func optionalMobile(number string, parse func(string) (string, error)) (string, error) {
	if readDigits(number) == "" {
		return "", nil
	}
	return parse(number)
}

func mobileParseError(err error) error {
	switch {
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return errMobileTooLong
	case errors.Is(err, phonenumbers.ErrTooShortNSN), errors.Is(err, phonenumbers.ErrTooShortAfterIDD):
		return errMobileTooShort
	}
	return errMobileFormat
}

// checkMobile reports whether the metadata lists the number as a mobile number. It returns an error if the number cannot
// be one.
func checkMobile(n *phonenumbers.PhoneNumber) (known bool, err error) {
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_LONG:
		return false, errMobileTooLong
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return false, errMobileTooShort
	default:
		return false, errMobileFormat
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP:
		return true, nil
	case phonenumbers.UNKNOWN:
		if isAsLongAsMobile(n) {
			return false, nil
		}
	default: // fixed lines, toll-free, premium, pagers …
	}
	return false, errNotMobile
}

// isAsLongAsMobile compares the length with the example mobile number of the country. The country's general lengths do
// not help: they include short fixed lines.
func isAsLongAsMobile(n *phonenumbers.PhoneNumber) bool {
	region := phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
	return example != nil && len(phonenumbers.GetNationalSignificantNumber(n)) ==
		len(phonenumbers.GetNationalSignificantNumber(example))
}

// MaskMobile masks an E.164 number so that its owner recognises it and others cannot read it: +491701234567 becomes
// +49•••••••567. It keeps the country code, the length and the last three digits. Text that is no number becomes dots.
func MaskMobile(e164 string) string {
	parsed, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return maskDots
	}
	national := phonenumbers.GetNationalSignificantNumber(parsed)
	if len(national) <= mobileTail {
		return maskDots
	}
	hidden := len(national) - mobileTail
	return "+" + strconv.Itoa(int(parsed.GetCountryCode())) + strings.Repeat("•", hidden) + national[hidden:]
}
