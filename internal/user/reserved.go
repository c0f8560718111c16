package user

import (
	"slices"
	"strings"
	"unicode"
)

// reservedUsernames name a role of the service or its host. A user with such a name could deceive people or receive mail for
// the role. RFC 2142 lists the mailboxes of roles. The CA/Browser Forum's Baseline Requirements (3.2.2.4.4) let certificate
// authorities send proofs of a domain to admin, administrator, hostmaster, postmaster and webmaster.
var reservedUsernames = skeletons(
	// RFC 2142
	"info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "usenet", "news",
	"webmaster", "www", "uucp", "ftp",
	// other roles and system accounts
	"admin", "administrator", "anonymous", "api", "billing", "bot", "contact", "daemon", "feedback", "help", "helpdesk", "legal",
	"localhost", "mail", "mailer-daemon", "mod", "moderator", "nobody", "noreply", "do-not-reply", "null", "official", "operator",
	"owner", "press", "privacy", "root", "service", "smtp", "staff", "superuser", "sysadmin", "sysop", "system", "team", "undefined",
	"unsubscribe", "webadmin",
)

var errUsernameReserved = &Error{CodeReserved, "is reserved"}

// isReserved reports whether a valid username reads like one of the built-in list, of the operator's list, or like a name of
// the service.
func isReserved(username string, r Rules) bool {
	of := skeleton(username)
	return slices.Contains(reservedUsernames, of) ||
		slices.Contains(skeletons(r.ReservedUsernames...), of) || slices.Contains(skeletons(r.ServiceNames...), of)
}

// likeOneLetter replaces pairs of letters that look like one letter in many fonts.
var likeOneLetter = strings.NewReplacer("rn", "m", "vv", "w")

// skeleton is equal for usernames that differ only in case, in punctuation, or in characters that look alike.
func skeleton(username string) string {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, strings.ToLower(fold(username)))
	return likeOneLetter.Replace(unleet(letters))
}

func skeletons(usernames ...string) []string {
	all := make([]string, len(usernames))
	for i, username := range usernames {
		all[i] = skeleton(username)
	}
	return all
}
