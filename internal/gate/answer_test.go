package gate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"decision":"allow"}`,
		`{"decision":"allow","code":null,"field":"","texts":{}}`,
		`{"decision":"deny","code":"a","texts":{"en":"x"}}` + "\n",
		`{"decision":"deny","code":"Not-Invited_2.0","field":"attributes.address.0.city","texts":{"en":"x","pt-BR":"y"}}`,
		`{"decision":"deny","code":"a","field":"terms_accepted","texts":{"en":"` + strings.Repeat("é", 500) + `"}}`,
	} {
		_, err := decode([]byte(body))
		require.NoError(t, err, body)
	}
	for body, reason := range map[string]string{
		``:                             "one JSON object",
		`null`:                         "decision is not",
		`[]`:                           "one JSON object",
		`"allow"`:                      "one JSON object",
		`{"decision":"allow"} {}`:      "one JSON object",
		`{"decision":"allow"`:          "one JSON object",
		`{"decision":"allow","why":1}`: "one JSON object",
		`{"decision":1}`:               "one JSON object",
		"{\"decision\":\"deny\",\"code\":\"a\",\"texts\":{\"en\":\"\xff\"}}": "one JSON object",
		`{}`:                                     "decision is not",
		`{"decision":"maybe"}`:                   "decision is not",
		`{"decision":"allow","code":"a"}`:        "decision is allow, but",
		`{"decision":"deny","texts":{"en":"x"}}`: "code is not",
		`{"decision":"deny","code":"a b","texts":{"en":"x"}}`:                                                          "code is not",
		`{"decision":"deny","code":"` + strings.Repeat("a", 65) + `","texts":{"en":"x"}}`:                              "code is not",
		`{"decision":"deny","code":"a"}`:                                                                               "none for en",
		`{"decision":"deny","code":"a","texts":{"de":"x"}}`:                                                            "none for en",
		`{"decision":"deny","code":"a","texts":{"en":"x","not a tag":"y"}}`:                                            "language tag",
		`{"decision":"deny","code":"a","texts":{"en":"x\ny"}}`:                                                         "on one line",
		`{"decision":"deny","code":"a","texts":{"en":" "}}`:                                                            "on one line",
		`{"decision":"deny","code":"a","texts":{"en":"` + strings.Repeat("é", 501) + `"}}`:                             "on one line",
		`{"decision":"deny","code":"a","field":"password","texts":{"en":"x"}}`:                                         "field is not",
		`{"decision":"deny","code":"a","field":"e-mail","texts":{"en":"x"}}`:                                           "field is not",
		`{"decision":"deny","code":"a","field":"attributes.","texts":{"en":"x"}}`:                                      "field is not",
		`{"decision":"deny","code":"a","field":"attributes.` + strings.Repeat("a", 128) + `"` + `,"texts":{"en":"x"}}`: "field is not",
	} {
		_, err := decode([]byte(body))
		require.ErrorContains(t, err, reason, body)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	a := Answer{Texts: map[string]string{"en": "english", "de": "deutsch", "pt-BR": "português", "zh-Hant": "中文"}}
	for _, c := range []struct {
		preferences []string
		text        string
	}{
		{nil, "english"},
		{[]string{""}, "english"},
		{[]string{"de"}, "deutsch"},
		{[]string{"de-AT"}, "deutsch"},
		{[]string{"fr", "de"}, "deutsch"},
		{[]string{"", "fr;q=0.9, de;q=0.8"}, "deutsch"},
		{[]string{"en", "de"}, "english"},
		{[]string{"de", "en"}, "deutsch"},
		{[]string{"pt"}, "português"},
		{[]string{"zh-TW"}, "中文"},
		{[]string{"fr"}, "english"},
		{[]string{"***", "de"}, "deutsch"},
	} {
		require.Equal(t, c.text, a.Text(c.preferences...), "%q", c.preferences)
	}
}
