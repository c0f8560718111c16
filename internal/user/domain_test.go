package user

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDomains(t *testing.T) {
	t.Parallel()
	domains := func(names ...string) Domains {
		list, invalid := NewDomains(names)
		require.Empty(t, invalid)
		return list
	}
	for name, tt := range map[string]struct {
		allowed, denied Domains
		accepted        []string
		refused         []string
	}{
		"no lists": {accepted: []string{"z@example.com", "z@mail.example.org"}},
		"denied": {
			denied:   domains("Mailinator.com", "bücher.example"),
			accepted: []string{"z@example.com", "z@notmailinator.com", "z@mailinator.com.example.com", "z@a.com"},
			refused:  []string{"z@mailinator.com", "z@MAILINATOR.com", "z@a.b.mailinator.com", "z@xn--bcher-kva.example", "z@BÜCHER.example"},
		},
		"allowed": {
			allowed:  domains("example.com"),
			accepted: []string{"z@example.com", "z@mail.example.com"},
			refused:  []string{"z@example.org", "z@anexample.com"},
		},
		"both": {
			allowed: domains("example.com"), denied: domains("guests.example.com"),
			accepted: []string{"z@example.com"}, refused: []string{"z@guests.example.com", "z@example.org"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := Rules{AllowedDomains: tt.allowed, DeniedDomains: tt.denied}
			check := func(address string) Code {
				form := validForm()
				form.Email = address
				_, err := New(form, rules)
				if err == nil {
					return ""
				}
				broken := err.(*ValidationError) //nolint:errorlint // New does not wrap it
				require.Len(t, broken.Fields, 1)
				require.Equal(t, "email", broken.Fields[0].Field)
				return broken.Fields[0].Code
			}
			for _, address := range tt.accepted {
				require.Empty(t, check(address), address)
			}
			for _, address := range tt.refused {
				require.Equal(t, CodeDomainNotAllowed, check(address), address)
			}
		})
	}
	_, invalid := NewDomains([]string{"example.com", "", "a b", "localhost", "*.example.com"})
	require.Equal(t, []string{"", "a b", "localhost", "*.example.com"}, invalid)
}
