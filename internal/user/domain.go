package user

import (
	"slices"
	"strings"
)

// Domains are email domains in the form of ParseDomain. Each stands for its subdomains too.
type Domains map[string]bool

// NewDomains returns the domains in a list. The names that are not domains are in invalid.
func NewDomains(names []string) (domains Domains, invalid []string) {
	domains = Domains{}
	for _, name := range names {
		domain, err := parseDomain(strings.TrimSpace(name))
		if err != nil {
			invalid = append(invalid, name)
			continue
		}
		domains[domain] = true
	}
	return domains, slices.Clip(invalid)
}

// Contain reports whether the domain of an address, or a domain above it, is in the list.
func (d Domains) Contain(address string) bool {
	for domain := address[strings.LastIndexByte(address, '@')+1:]; domain != ""; {
		if d[domain] {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

// parseAddress checks an address by ParseEmail and by the rules.
func (r Rules) parseAddress(s string) (address, canonical string, err error) {
	address, canonical, err = ParseEmail(s)
	allowed := len(r.AllowedDomains) == 0 || r.AllowedDomains.Contain(canonical)
	if err == nil && (!allowed || r.DeniedDomains.Contain(canonical)) {
		return "", "", errEmailDomainNotAllowed
	}
	return address, canonical, err
}
