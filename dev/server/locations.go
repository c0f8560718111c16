package main

import (
	"registrar/api/page"
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
	if ui := s.uiURL(); ui != "" {
		locations = append(locations, location{"Temporal UI", ui, true})
	}
	return append(locations,
		location{"API pages", s.base + "/docs", true},
		location{"Data", s.data, false})
}

// pageLinks returns the links from the sign-up page to the other parts.
func (s *stack) pageLinks() []page.Link {
	var links []page.Link
	for _, l := range s.locations {
		if l.IsURL && l.Address != s.base {
			links = append(links, page.Link{Text: l.Name, URL: l.Address})
		}
	}
	return links
}
