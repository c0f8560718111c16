package user

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
)

func TestParseMobile(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in, region, want string
		code             Code
	}{
		"e.164":                         {in: "+491701234567", want: "+491701234567"},
		"grouped":                       {in: " +49 (170) 123-45.67 ", want: "+491701234567"},
		"trunk zero in brackets":        {in: "+44 (0)7700 900123", want: "+447700900123"},
		"full-width plus":               {in: "＋491701234567", want: "+491701234567"},
		"arabic digits":                 {in: "+٤٩١٧٠١٢٣٤٥٦٧", want: "+491701234567"},
		"national":                      {in: "0170 1234567", region: "DE", want: "+491701234567"},
		"region in lower case":          {in: "0170 1234567", region: "de", want: "+491701234567"},
		"plus beats the region":         {in: "+447700900123", region: "DE", want: "+447700900123"},
		"international prefix":          {in: "0044 7700 900123", region: "DE", want: "+447700900123"},
		"italian keeps its zero out":    {in: "312 345 6789", region: "IT", want: "+393123456789"},
		"fixed or mobile":               {in: "+12025550123", want: "+12025550123"},
		"documentation range":           {in: "+15550100123", want: "+15550100123"},
		"national without region":       {in: "0170 1234567", code: CodeCountryCodeMissing},
		"00 without region":             {in: "0049 170 1234567", want: "+491701234567"},
		"00 in brackets":                {in: "(0049) 170 1234567", want: "+491701234567"},
		"00 where 011 is dialled":       {in: "0049 170 1234567", region: "US", want: "+491701234567"},
		"011 where it is dialled":       {in: "011 49 170 1234567", region: "US", want: "+491701234567"},
		"011 where it is not dialled":   {in: "011 49 170 1234567", region: "DE", code: CodeNotMobile},
		"011 without region":            {in: "011 49 170 1234567", code: CodeCountryCodeMissing},
		"a mobile that begins with 011": {in: "0111 234 5678", region: "EG", want: "+201112345678"},
		"wait for the tone":             {in: "8~10 49 170 1234567", region: "RU", want: "+491701234567"},
		"two meanings":                  {in: "0081 90 1234 5678", region: "KR", code: CodeCountryCodeMissing},
		"a mobile that begins with 00":  {in: "00 690 7290", region: "TJ", code: CodeCountryCodeMissing},
		"00 and nothing":                {in: "00", code: CodeInvalid},
		"000":                           {in: "000 170 1234567", code: CodeInvalid},
		"plus and trunk zero":           {in: "+0170 1234567", region: "DE", code: CodeInvalid},
		"two trunk zeros":               {in: "+2000000000000", code: CodeInvalid},
		"plus in brackets":              {in: "(+49) 170 1234567", want: "+491701234567"},
		"small plus":                    {in: "\ufe62491701234567", want: "+491701234567"},
		"plus in the middle":            {in: "0170+1234567", region: "DE", code: CodeInvalid},
		"plus at the end":               {in: "491701234567+", code: CodeInvalid},
		"Japanese keyboard":             {in: "０９０ー１２３４ー５６７８", region: "JP", want: "+819012345678"},
		"box drawings":                  {in: "090─1234─5678", region: "JP", want: "+819012345678"},
		"full-width brackets":           {in: "＋４９　（１７０）　１２３／４５．６７", want: "+491701234567"},
		"square brackets":               {in: "+49 [170] 1234567", want: "+491701234567"},
		"Mexico's mobile of old":        {in: "+52 1 55 1234 5678", want: "+525512345678"},
		"the same without a plus":       {in: "0052 1 55 1234 5678", want: "+525512345678"},
		"the same from the US":          {in: "011 52 1 55 1234 5678", region: "US", want: "+525512345678"},
		"the same of another city":      {in: "+52 1 (222) 123-4567", want: "+522221234567"},
		"Mexico today":                  {in: "+52 55 1234 5678", want: "+525512345678"},
		"Mexico, national":              {in: "55 1234 5678", region: "MX", want: "+525512345678"},
		"Mexico, from a landline":       {in: "044 55 1234 5678", region: "MX", want: "+525512345678"},
		"Mexico, long distance":         {in: "045 55 1234 5678", region: "MX", want: "+525512345678"},
		"Mexico, trunk prefix":          {in: "01 55 1234 5678", region: "MX", want: "+525512345678"},
		"Mexico, a digit too many":      {in: "+52 2 55 1234 5678", code: CodeTooLong},
		"Argentina's 9":                 {in: "+54 9 11 2345-6789", want: "+5491123456789"},
		"Argentina's 15":                {in: "011 15-2345-6789", region: "AR", want: "+5491123456789"},
		"Argentina's 15 from abroad":    {in: "+54 11 15 2345-6789", want: "+5491123456789"},
		"unknown region":                {in: "0170 1234567", region: "XX", code: CodeCountryCodeMissing},
		"empty":                         {in: " ", code: CodeRequired},
		"nothing visible":               {in: "\u202a \u202c", code: CodeRequired},
		"only brackets":                 {in: "()", code: CodeInvalid},
		"fixed line":                    {in: "+49 30 123456", code: CodeNotMobile},
		"toll-free":                     {in: "+1 800 234 5678", code: CodeNotMobile},
		"premium":                       {in: "+49 900 1 123456", code: CodeNotMobile},
		"too short":                     {in: "+1 202 555", code: CodeTooShort},
		"local only":                    {in: "+1 555 0123", code: CodeTooShort},
		"possible length, not mobile":   {in: "+49 12345", code: CodeNotMobile},
		"too long":                      {in: "+1 202 555 01234", code: CodeTooLong},
		"unknown country":               {in: "+999 1234567", code: CodeInvalid},
		"only a plus":                   {in: "+", code: CodeInvalid},
		"two pluses":                    {in: "+49+170", code: CodeInvalid},
		"letters":                       {in: "+1 800 FLOWERS", code: CodeInvalidCharacters},
		"extension":                     {in: "+491701234567 ext. 5", code: CodeInvalidCharacters},
		"extension by x":                {in: "+491701234567x5", code: CodeInvalidCharacters},
		"extension by #":                {in: "+491701234567 #5", code: CodeInvalidCharacters},
		"extension after a pause":       {in: "+491701234567,5", code: CodeInvalidCharacters},
		"extension of a uri":            {in: "+491701234567;ext=5", code: CodeInvalidCharacters},
		"service code":                  {in: "*31#+491701234567", code: CodeInvalidCharacters},
		"full-width letters":            {in: "+1 800 ＦＬＯＷＥＲＳ", code: CodeInvalidCharacters},
		"control":                       {in: "+49170123\x004567", code: CodeInvalidCharacters},
		"invalid utf-8":                 {in: "+49170123\xff4567", code: CodeInvalidCharacters},
		"uri":                           {in: "tel:+491701234567", code: CodeInvalidCharacters},
		"longer than any number typed":  {in: "+" + strings.Repeat("1", 64), code: CodeTooLong},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseMobile(tt.in, tt.region)
			require.Equal(t, tt.code, CodeOf(err))
			require.Equal(t, tt.want, got)
		})
	}
}

// examples returns each region's own example of a mobile number, in E.164, international and national form. The library
// writes Argentina's national form with the wrong area code, so that one is written by hand.
func examples(t *testing.T) map[string][3]string {
	t.Helper()
	all := map[string][3]string{}
	for region := range phonenumbers.GetSupportedRegions() {
		example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
		if example == nil {
			continue
		}
		national := phonenumbers.Format(example, phonenumbers.NATIONAL)
		if region == "AR" {
			national = "011 15-2345-6789"
		}
		all[region] = [3]string{
			phonenumbers.Format(example, phonenumbers.E164), phonenumbers.Format(example, phonenumbers.INTERNATIONAL), national,
		}
	}
	require.GreaterOrEqual(t, len(all), 244)
	return all
}

// writtenForms are ways to write one number, made from the form with spaces.
var writtenForms = map[string]func(number string) string{
	"as it is":            func(n string) string { return n },
	"digits only":         func(n string) string { return strings.ReplaceAll(n, " ", "") },
	"contacts of a phone": func(n string) string { return "\u202a" + strings.ReplaceAll(n, " ", "\u00a0") + "\u202c" },
	"narrow spaces":       func(n string) string { return "\u2068" + strings.ReplaceAll(n, " ", "\u202f") + "\u2069" },
	"ideographic spaces":  func(n string) string { return strings.ReplaceAll(n, " ", "\u3000") },
	"direction marks":     func(n string) string { return "\u200f\u200e" + n + "\u061c" },
	"byte order mark":     func(n string) string { return "\ufeff" + n },
	"zero-width spaces":   func(n string) string { return strings.Join(strings.Split(n, ""), "\u200b\u2060\u00ad") },
	"hyphens":             func(n string) string { return strings.ReplaceAll(n, " ", "\u2010") },
	"hard hyphens":        func(n string) string { return strings.ReplaceAll(n, " ", "\u2011") },
	"dashes":              func(n string) string { return strings.ReplaceAll(n, " ", " \u2013 ") },
	"minus signs":         func(n string) string { return strings.ReplaceAll(n, " ", "\u2212") },
	"dots":                func(n string) string { return strings.ReplaceAll(n, " ", ".") },
	"slashes":             func(n string) string { return strings.ReplaceAll(n, " ", " / ") },
	"brackets":            func(n string) string { return "(" + strings.Replace(n, " ", ") ", 1) },
	"tabs and lines":      func(n string) string { return "\t" + n + "\r\n" },
	"full-width":          func(n string) string { return inScript(strings.ReplaceAll(n, "+", "＋"), '０') },
	"Arabic":              func(n string) string { return inScript(n, '٠') },
	"Persian":             func(n string) string { return inScript(n, '۰') },
	"Devanagari":          func(n string) string { return inScript(n, '०') },
	"mathematical":        func(n string) string { return inScript(n, '𝟬') },
}

// inScript writes the digits of text with those of a script, given by its zero.
func inScript(text string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, text)
}

func TestParseMobileAcceptsEveryCountryInEveryForm(t *testing.T) {
	t.Parallel()
	all := examples(t)
	for name, write := range writtenForms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for region, example := range all {
				e164, international, national := example[0], example[1], example[2]
				for _, tt := range [][2]string{
					{international, ""}, {international, region}, {national, region},
					{"00 " + strings.TrimPrefix(international, "+"), ""},
				} {
					got, err := ParseMobile(write(tt[0]), tt[1])
					require.NoError(t, err, "%s: %q", region, write(tt[0]))
					require.Equal(t, e164, got, "%s: %q", region, write(tt[0]))
				}
			}
		})
	}
}

// Each region dials its own prefix for calls abroad. Every prefix gives the right number, or the number is refused because
// the region could dial another mobile in the same way; no prefix gives a wrong number. Of the 60,000 pairs of regions a
// fourth is enough: each region meets a fourth of the others.
func TestParseMobileAcceptsEveryInternationalPrefix(t *testing.T) {
	t.Parallel()
	all := examples(t)
	regions := slices.Sorted(maps.Keys(all))
	dialled, refused := 0, 0
	for i, from := range regions {
		for j, to := range regions {
			if (i+j)%4 != 0 || from == to {
				continue
			}
			e164 := all[to][0]
			parsed, err := phonenumbers.Parse(e164, "")
			require.NoError(t, err)
			local := phonenumbers.FormatOutOfCountryCallingNumber(parsed, from)
			if strings.ContainsAny(local, "(|[") { // the library gives the pattern of several prefixes
				local = e164
			}
			for _, number := range []string{local, "00" + strings.TrimPrefix(e164, "+")} {
				got, err := ParseMobile(number, from)
				dialled++
				if err != nil {
					require.Equal(t, errMobileCountryCode, err, "%s from %s", number, from)
					refused++
					continue
				}
				require.Equal(t, e164, got, "%s from %s", number, from)
			}
		}
	}
	require.Less(t, refused, dialled/500)
}

func TestMaskMobile(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"+491701234567": "+49•••••••567",
		"+12025550123":  "+1•••••••123",
		"+393123456789": "+39•••••••789",
		"0170 1234567":  "•••",
		"":              "•••",
		"nonsense":      "•••",
	} {
		require.Equal(t, want, MaskMobile(in), in)
	}
}
