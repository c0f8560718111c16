package main

import (
	"registrar/api/page"
	"registrar/dev/receiver"
)

// location is the address of a part of the service.
type location struct {
	Name    string
	Address string // a URL, host:port or a folder
	IsURL   bool
}

func (s *stack) listLocations() []location {
	locations := []location{
		{"Sign-up page", s.base, true},
		{"Outbox", s.base + "/outbox", true},
	}
	if s.program != nil {
		locations = append(locations, *s.program)
	}
	if s.events != nil {
		locations = append(locations, location{"Events", s.base + receiver.Path, true})
	}
	if ui := s.uiURL(); ui != "" {
		locations = append(locations, location{"Temporal UI", ui, true})
	}
	locations = append(locations, location{"API pages", s.base + "/docs", true})
	if s.config.API.AdminToken == operatorToken { // another one may be a secret
		locations = append(locations, location{"ADMIN_TOKEN", operatorToken, false})
	}
	return append(locations, location{"Data", s.data, false})
}

// pageLinks returns the links from the sign-up page and the API pages to the other parts.
func (s *stack) pageLinks() (signup, docs []page.Link) {
	for _, l := range s.locations {
		if !l.IsURL || l.Address == s.base {
			continue
		}
		link := page.Link{Text: l.Name, URL: l.Address}
		signup = append(signup, link)
		if l.Address != s.base+"/docs" {
			docs = append(docs, link)
		}
	}
	return signup, docs
}
