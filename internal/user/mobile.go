package user

import (
	"errors"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

const (
	mobileTail = 3 // digits at the end that MaskMobile shows

	// internationalPrefix is what ITU-T E.164 recommends to dial before a country code.
	internationalPrefix = "00"

	pluses = "+＋﹢"
	// mobilePunctuation groups digits, as spaces and dashes do.
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

// ParseMobile returns a number in E.164 form. It reads numbers as people write and paste them: with digits of any script,
// spaces, dashes, brackets, dots, slashes and invisible characters. A country code follows + or an international prefix: 00,
// or the prefix that region (ISO 3166-1 alpha-2) dials, such as 011 in the US. A number without a country code belongs to
// region. CodeCountryCodeMissing means that it has no country code and there is no region, or that it can be read as two
// different mobiles.
//
// The number must be a possible mobile by libphonenumber's metadata: the right length for its country, and not of a
// range known for something else (fixed lines, toll-free, premium, pagers). Where a country does not tell mobile from
// fixed (+1), and in ranges the metadata does not know, a number as long as a mobile's is accepted. Mexico's old prefixes are
// dropped. The error is an *Error.
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
	case strings.Trim(dialled, "+0123456789") != "": // letters would be vanity numbers, extensions or URI parameters
		return "", errMobileCharacters
	case strings.Trim(dialled, "+") == "", strings.LastIndex(dialled, "+") > 0:
		return "", errMobileFormat
	}
	return dialled, nil
}

// reading is a number to parse by the rules of a region, or by those of no region when it starts with a +.
type reading struct{ number, region string }

// readings lists what dialled digits can mean. 00 means + also where a region dials another prefix: people write it all
// over the world, and only Tajikistan has numbers that begin so. A number can still have two meanings: Korea also dials 008
// before the country code, so 0081 90 1234 5678 is one of Japan (+81) or one of North America (+1).
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

// mobile is a number that may be a mobile phone's. It is known when the metadata says so.
type mobile struct {
	e164  string
	known bool
}

func readMobile(number, region string) (mobile, error) {
	parsed, err := phonenumbers.Parse(number, region)
	if err != nil {
		return mobile{}, mobileParseError(err)
	}
	parsed = withoutRetiredPrefix(parsed)
	known, err := checkMobile(parsed)
	if err != nil {
		return mobile{}, err
	}
	return mobile{phonenumbers.Format(parsed, phonenumbers.E164), known}, nil
}

// Until August 2019, callers dialled 1 before Mexican mobile numbers from abroad, and one of the other prefixes within the
// country. Address books still contain them. Today Mexican numbers have 10 digits.
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

// ValidRegion tells whether region can be a default for ParseMobile.
func ValidRegion(region string) bool {
	return phonenumbers.GetSupportedRegions()[strings.ToUpper(region)]
}

func parseOptionalMobile(number, region string) (string, error) {
	if readDigits(number) == "" {
		return "", nil
	}
	return ParseMobile(number, region)
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

// checkMobile returns whether the metadata knows the number for a mobile's.
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

// isAsLongAsMobile compares with the example mobile of the number's country: general lengths include those of short
// fixed lines.
func isAsLongAsMobile(n *phonenumbers.PhoneNumber) bool {
	region := phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
	return example != nil && len(phonenumbers.GetNationalSignificantNumber(n)) ==
		len(phonenumbers.GetNationalSignificantNumber(example))
}

// MaskMobile makes an E.164 number fit to show to somebody who should recognise it but not learn it: +491701234567
// becomes +49•••••••567. The country code, the length and the last three digits show. Anything else becomes dots.
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
