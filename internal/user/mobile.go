package user

import (
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

const (
	maxMobileInput = 64 // bytes; E.164 has 15 digits, the rest is for how people group them

	mobileTail = 3 // digits at the end that MaskMobile shows
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

// ParseMobile returns a number in E.164 form. A number without a + is one of region (ISO 3166-1 alpha-2); without a
// region it is refused with CodeCountryCodeMissing.
//
// The number must be a possible mobile by libphonenumber's metadata: the right length for its country, and not of a
// range known for something else (fixed lines, toll-free, premium, pagers). Where a country does not tell mobile from
// fixed (+1), and in ranges the metadata does not know, a number as long as a mobile's is accepted. The error is an
// *Error.
func ParseMobile(number, region string) (string, error) {
	number = strings.TrimSpace(number)
	switch {
	case number == "":
		return "", errMobileRequired
	case len(number) > maxMobileInput:
		return "", errMobileTooLong
	case strings.ContainsFunc(number, func(r rune) bool { return !isDialable(r) }):
		return "", errMobileCharacters
	case !strings.HasPrefix(number, "+") && !strings.HasPrefix(number, "＋") && !ValidRegion(region):
		return "", errMobileCountryCode
	}
	parsed, err := phonenumbers.Parse(number, strings.ToUpper(region))
	if err != nil {
		return "", mobileParseError(err)
	}
	if err := checkMobile(parsed); err != nil {
		return "", err
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), nil
}

// ValidRegion tells whether region can be a default for ParseMobile.
func ValidRegion(region string) bool {
	return phonenumbers.GetSupportedRegions()[strings.ToUpper(region)]
}

func parseOptionalMobile(number, region string) (string, error) {
	if strings.TrimSpace(number) == "" {
		return "", nil
	}
	return ParseMobile(number, region)
}

// isDialable excludes letters, which the parser would read as vanity numbers, extensions or URI parameters.
func isDialable(r rune) bool {
	return unicode.IsDigit(r) || unicode.In(r, unicode.Zs, unicode.Pd) || strings.ContainsRune("+＋.()/", r)
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

func checkMobile(n *phonenumbers.PhoneNumber) error {
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_LONG:
		return errMobileTooLong
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return errMobileTooShort
	default:
		return errMobileFormat
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP:
		return nil
	case phonenumbers.UNKNOWN:
		if isAsLongAsMobile(n) {
			return nil
		}
	default: // fixed lines, toll-free, premium, pagers …
	}
	return errNotMobile
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
