package user

import (
	"slices"
	"strings"
)

// provider is how an email provider maps addresses to mailboxes.
type provider struct {
	domains []string // the first one stands for all of them
	ignored string   // characters that do not count in the local part
	tag     string   // begins a tag, besides +
}

// providers are large providers that ignore more than a +tag. Sources:
//
//   - Google: support.google.com/mail/answer/7436150 (dots), answer/10313 (googlemail.com).
//   - Yahoo: help.yahoo.com/kb/SLN28338.html (disposable addresses are BASENAME-KEYWORD; other names have no hyphen).
//   - Proton: proton.me/support/addresses-and-aliases (domains), proton.me/support/creating-aliases; dots, hyphens and
//     underscores are ignored as its web client's removeEmailAlias does.
//   - Apple: support.apple.com/en-us/118230 (me.com and mac.com are aliases of icloud.com).
//   - Yandex: yandex.com/support/mail/web/preferences/aliases.html (domains; dots are the same as hyphens).
var providers = []provider{
	{domains: []string{"gmail.com", "googlemail.com"}, ignored: "."},
	{domains: []string{"yahoo.com"}, tag: "-"},
	{domains: []string{"ymail.com"}, tag: "-"},
	{domains: []string{"rocketmail.com"}, tag: "-"},
	{domains: []string{"proton.me", "protonmail.com", "protonmail.ch", "pm.me"}, ignored: ".-_"},
	{domains: []string{"icloud.com", "me.com", "mac.com"}},
	{domains: []string{"yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "ya.ru"}, ignored: ".-"},
}

// Mailbox returns a name of the mailbox that a canonical address reaches, so that a limit counts variants of an address
// together. It removes a +tag (RFC 5233) everywhere, and what large providers ignore. Two mailboxes may get the same name: use
// it only for counting, never to decide whether two addresses are equal.
func Mailbox(canonical string) string {
	at := strings.LastIndexByte(canonical, '@')
	if at < 1 {
		return canonical
	}
	local, domain := canonical[:at], canonical[at+1:]
	var p provider
	if i := slices.IndexFunc(providers, func(p provider) bool { return slices.Contains(p.domains, domain) }); i >= 0 {
		p = providers[i]
		domain = p.domains[0]
	}
	name := local
	if end := strings.IndexAny(name, "+"+p.tag); end > 0 {
		name = name[:end]
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(p.ignored, r) {
			return -1
		}
		return r
	}, name)
	if name == "" {
		name = local
	}
	return name + "@" + domain
}
