package user

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

const (
	maxEmail = 254 // bytes: the 256 of a path in RFC 5321 section 4.5.3.1.3, less its angle brackets
	maxLocal = 64  // bytes: RFC 5321 section 4.5.3.1.1

	maskDots = "•••"
)

var (
	errEmailRequired   = &Error{CodeRequired, "is required"}
	errEmailTooLong    = &Error{CodeTooLong, "must have at most 254 bytes, and 64 before the @"}
	errEmailFormat     = &Error{CodeInvalid, "must be one plain address such as name@example.com"}
	errEmailCharacters = &Error{CodeInvalidCharacters, "must not contain spaces or invisible characters"}
	errEmailDomain     = &Error{CodeInvalid, "must end in a domain name such as example.com"}
)

// domainProfile is idna.Lookup (IDNA 2008, non-transitional, STD 3 ASCII rules, Bidi rule) that checks lengths as well.
var domainProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true))

// ParseEmail checks one bare address: no display name, no comment, no quoted local part, no IP address for a domain.
// It returns the address to write to, as typed (NFC) with the domain in ASCII, and the canonical form that decides
// whether two addresses are the same: lower case, with dots and +tags kept. The error is an *Error.
func ParseEmail(s string) (address, canonical string, err error) {
	if !utf8.ValidString(s) {
		return "", "", errText
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return "", "", errEmailRequired
	}
	if len(s) > maxEmail {
		return "", "", errEmailTooLong
	}
	s = norm.NFC.String(s)
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || strings.Contains(s, `"`) {
		return "", "", errEmailFormat
	}
	at := strings.LastIndexByte(s, '@')
	local := s[:at]
	// unicode.IsPrint is false for every space but U+0020, which the parser refused, and for all invisible characters.
	if strings.ContainsFunc(local, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", "", errEmailCharacters
	}
	domain, err := parseDomain(s[at+1:])
	if err != nil {
		return "", "", err
	}
	address = local + "@" + domain
	if len(local) > maxLocal || len(address) > maxEmail {
		return "", "", errEmailTooLong
	}
	return address, lower(local) + "@" + domain, nil
}

// parseDomain returns the ASCII form of a host name of two labels or more. A numeric last label makes it an IP address
// (RFC 3696 section 2 excludes such top-level domains).
func parseDomain(s string) (string, error) {
	domain, err := domainProfile.ToASCII(s)
	if err != nil {
		return "", errEmailDomain
	}
	dot := strings.LastIndexByte(domain, '.')
	if dot < 0 || strings.Trim(domain[dot+1:], "0123456789") == "" {
		return "", errEmailDomain
	}
	return domain, nil
}

// lower is Unicode's full mapping: unlike strings.ToLower it never turns another script's letter into an ASCII one
// (İ stays apart from i), so that no two mailboxes of different owners become one.
func lower(s string) string {
	lowered := cases.Lower(language.Und, cases.HandleFinalSigma(false)).String(s)
	return norm.NFC.String(lowered)
}

// MaskEmail makes an address fit to show to somebody who should recognise it but not learn it: ada@example.com becomes
// a•••@example.com. The first character and the domain show; the length does not. Anything else becomes dots.
func MaskEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 1 {
		return maskDots
	}
	_, size := utf8.DecodeRuneInString(email)
	return email[:size] + maskDots + email[at:]
}
