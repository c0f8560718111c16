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
	maxEmail = 254 // bytes: 256 for a path in RFC 5321 section 4.5.3.1.3, minus its angle brackets
	maxLocal = 64  // bytes: RFC 5321 section 4.5.3.1.1

	maskDots = "•••"
)

var (
	errEmailRequired   = &Error{CodeRequired, "is required"}
	errEmailTooLong    = &Error{CodeTooLong, "must have at most 254 bytes, and 64 before the @"}
	errEmailFormat     = &Error{CodeInvalid, "must be one email address such as name@example.com"}
	errEmailCharacters = &Error{CodeInvalidCharacters, "must not contain spaces or invisible characters"}
	errEmailDomain     = &Error{CodeInvalid, "must end in a domain name such as example.com"}

	errEmailDomainNotAllowed = &Error{CodeDomainNotAllowed, "has a domain that we do not accept; use another address"}
)

// domainProfile is idna.Lookup (IDNA 2008, non-transitional, STD 3 ASCII rules, Bidi rule) plus length checks.
var domainProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true))

// ParseEmail checks one bare address: no display name, no comment, no quoted local part, no IP address as the domain.
// It returns two forms. address is for sending: as typed (NFC), with the domain in ASCII. canonical decides whether two
// addresses are equal: in lower case, with dots and +tags kept. The error is an *Error.
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
	// unicode.IsPrint is false for all invisible characters and for every space but U+0020, which the parser has refused.
	if strings.ContainsFunc(local, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", "", errEmailCharacters
	}
	domain, err := parseDomain(s[at+1:])
	if err != nil {
		return "", "", err
	}
	address, canonical = local+"@"+domain, lower(local)+"@"+domain
	longest := max(len(local), len(lower(local))) // İ has one byte more in lower case
	if longest > maxLocal || max(len(address), len(canonical)) > maxEmail {
		return "", "", errEmailTooLong
	}
	return address, canonical, nil
}

// parseDomain returns the ASCII form of a host name with at least two labels. It refuses a numeric last label, which
// would be an IP address (RFC 3696 section 2 excludes such top-level domains).
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

// lower applies Unicode's full lower-case mapping. Unlike strings.ToLower, it never maps another letter to an ASCII one
// (İ stays different from i), so that two different mailboxes never get the same canonical address.
func lower(s string) string {
	lowered := cases.Lower(language.Und, cases.HandleFinalSigma(false)).String(s)
	return norm.NFC.String(lowered)
}

// MaskEmail masks an address so that its owner recognises it and others cannot read it: ada@example.com becomes
// a•••@example.com. It keeps the first character and the domain and hides the length. Text that is no address becomes dots.
func MaskEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 1 {
		return maskDots
	}
	_, size := utf8.DecodeRuneInString(email)
	return email[:size] + maskDots + email[at:]
}
