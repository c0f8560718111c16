package user_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/user"
)

func TestSafeName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ada":                  "Ada",
		"  Ada  Mary ":         "Ada Mary",
		"J. R. R.":             "J. R. R.",
		"Ада":                  "Ада",
		"Ada\r\nBcc: x":        "Ada Bcc: x",
		"\u202eAda\x00":        "Ada",
		"<script>":             "<script>",
		"www.evil.example":     "",
		"https://evil.example": "",
		"evil。example":         "",
		"a@evil.example":       "",
		"Call 0900 1234567":    "",
		"\x00\u202e":           "",

		// hosts
		"visit evil.com": "", "bank-login.example": "", "ｅｖｉｌ．ｃｏｍ": "", "evil｡com": "", "evil․com": "", "evil﹒com": "", "evilꓸcom": "",
		"evil\u200d.com": "", "evil.\u200ccom": "", "𝐞𝐯𝐢𝐥.𝐜𝐨𝐦": "", "пример.рф": "", "例え.テスト": "", "مثال.السعودية": "", "مثال۔پاکستان": "",
		"xn--e1afmkfd.xn--p1ai": "", "उदाहरण.भारत": "", "evil.cóm": "", "e\u0301vil.com": "", "раураl.com": "", "１９２．１６８．１．１": "", "⑨⓪⓪ 1234567": "",

		// scripts mixed in one word: Cyrillic а, Greek ο, Armenian օ, Cherokee Ꭺ, Lisu ꓮ
		"раypal": "", "Pаypal": "", "Bank аpple": "", "Gοogle": "", "Gօօgle": "", "Ꭺda": "", "ꓮda": "", "Пοлина": "", "pа\u200dy": "",

		// names of people
		"Ольга Smith": "Ольга Smith", "Anna-Мария": "Anna-Мария", "Kαλλιόπη": "", "Καλλιόπη": "Καλλιόπη", "田中Maria": "田中Maria",
		"김Paul": "김Paul", "Jean-Luc": "Jean-Luc", "St. John": "St. John", "D’Arcy": "D’Arcy", "Ə́li": "Ə́li", "Đặng": "Đặng", "נועה Noa": "נועה Noa",
		"Gal·la": "Gal·la", "م\u200cن": "م\u200cن", "R2-D2": "R2-D2", "Ⅳ": "Ⅳ", "Жанна'ル": "Жанна'ル", "J.R.R.": "J.R.R.",
	} {
		require.Equal(t, want, user.SafeName(name), "%q", name)
	}
}
