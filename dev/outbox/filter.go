package outbox

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"registrar/internal/message"
)

// Filter selects messages. An empty field selects all messages.
type Filter struct {
	To             string // exactly this address or number
	Channel        message.Channel
	Kind           message.Kind
	RegistrationID string // or the campaign's id
	// Query has words that a message must contain, in the recipient, the subject, the text or the id of the registration.
	// Case and accents are ignored. A telephone number may be in any form.
	Query string
	// Before is the ID of a message. Only messages that were stored before it are selected.
	Before string
}

// parseFilter reads the parameters of /outbox and /outbox.json.
func parseFilter(v url.Values) Filter {
	return Filter{
		To: v.Get("to"), Channel: message.Channel(v.Get("channel")), Kind: message.Kind(v.Get("kind")),
		Query: v.Get("q"), Before: v.Get("before"),
	}
}

// URL returns the address of the page with this filter.
func (f Filter) URL() string {
	v := url.Values{}
	for name, value := range map[string]string{
		"to": f.To, "channel": string(f.Channel), "kind": string(f.Kind), "q": f.Query, "before": f.Before,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return "/outbox"
	}
	return "/outbox?" + v.Encode()
}

// olderThan returns the filter for the messages that were stored before the message with the ID.
func (f Filter) olderThan(id string) Filter {
	f.Before = id
	return f
}

// Newest returns the filter without Before.
func (f Filter) Newest() Filter { return f.olderThan("") }

// IsSet reports whether the filter selects by more than the age.
func (f Filter) IsSet() bool { return f.Newest() != Filter{} }

// matcher returns a function that reports whether the filter selects a message, regardless of Before.
func (f Filter) matcher() func(stored) bool {
	words, number := strings.Fields(fold(f.Query)), digits(f.Query)
	return func(s stored) bool {
		if f.To != "" && s.To != f.To ||
			f.Channel != "" && s.Channel != f.Channel ||
			f.Kind != "" && s.Kind != f.Kind ||
			f.RegistrationID != "" && s.RegistrationID != f.RegistrationID {
			return false
		}
		if number != "" && strings.Contains(s.To, number) {
			return true
		}
		lacks := func(word string) bool { return !strings.Contains(s.folded, word) }
		return !slices.ContainsFunc(words, lacks)
	}
}

// stored is a message with the text that searches use.
type stored struct {
	Sent
	folded string
}

func newStored(s Sent) stored {
	return stored{s, fold(strings.Join([]string{s.To, s.Subject, s.Text, s.RegistrationID}, "\n"))}
}

// fold removes the differences that a search ignores: case, accents and variants of characters.
func fold(s string) string {
	t := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), cases.Fold())
	folded, _, _ := transform.String(t, s) // these transformers return no errors
	return folded
}

var telephoneNumber = regexp.MustCompile(`^[+(\d][\d\s()./-]{4,}$`)

// digits returns the digits of a telephone number without the trunk prefix 0 or the international prefix 00. It returns ""
// for other text.
func digits(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "(0)", "")
	if !telephoneNumber.MatchString(s) {
		return ""
	}
	only := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	return strings.TrimLeft(only, "0")
}
