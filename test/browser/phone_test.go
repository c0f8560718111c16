package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"
)

func (p *page) acceptLanguage(value string) {
	p.t.Helper()
	call(p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": value}})
}

// digits returns only the digits and the plus of a number.
func digits(number string) string {
	return strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
}

// TestPhone pastes numbers in the forms in which people write them. The code goes to the right number.
func TestPhone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paste   func(national string) string // from 1701234567
		country string
		prefix  string
	}{
		"international":             {func(n string) string { return "+49" + n }, "US", "+49"},
		"with spaces and a zero":    {func(n string) string { return "+49 (0) " + n[:3] + " " + n[3:] }, "US", "+49"},
		"with 00":                   {func(n string) string { return "0049 " + n[:3] + "/" + n[3:] }, "US", "+49"},
		"national":                  {func(n string) string { return "0" + n[:3] + " - " + n[3:] }, "DE", "+49"},
		"national without the zero": {func(n string) string { return n[:3] + "." + n[3:] }, "DE", "+49"},
		"Arabic digits": {func(n string) string {
			return strings.Map(func(r rune) rune { return r - '0' + '٠' }, "0"+n)
		}, "DE", "+49"},
	} {
		bothWays(t, standard, name, func(t *testing.T, p *page) {
			who := newPerson()
			p.open("/")
			p.fillForm(who.withoutNumber())
			p.choose("country", c.country)
			p.fill("mobile_number", c.paste(strings.TrimPrefix(who.number, c.prefix)))
			p.send(registerButton)
			p.waitStep("code")
			p.finish(who)
		})
	}
	t.Run("formatted while one types, and the country follows the prefix", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.open("/")
		p.choose("country", "DE")
		p.fill("mobile_number", "")
		p.wait(`true`)
		p.press("01701234567")
		p.wait(`shown('[name="mobile_number"]').value.includes(" ")`)
		require.Equal(t, "01701234567", digits(p.value("mobile_number")))
		p.fill("mobile_number", "")
		p.press("+14155550132")
		p.wait(`shown('[name="country"]').value === "US"`)
		p.wait(`shown('[name="mobile_number"]').value.includes(" ") || shown('[name="mobile_number"]').value.includes("-")`)
		require.Equal(t, "+14155550132", digits(p.value("mobile_number")))
	})
	t.Run("the cursor stays where one types", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.open("/")
		p.choose("country", "DE")
		p.fill("mobile_number", "")
		p.press("017014567")
		p.wait(`shown('[name="mobile_number"]').value.includes(" ")`)
		eval[bool](p, `(() => {
			const input = shown('[name="mobile_number"]');
			let seen = 0, at = 0;
			while (seen < 5) if (/\d/.test(input.value[at++])) seen++;
			input.setSelectionRange(at, at);
			return true;
		})()`)
		p.press("23")
		require.Equal(t, "01701234567", digits(p.value("mobile_number")))
	})
}
