package api

import (
	"net/http"
	"net/netip"
	"strings"
)

const headerForwardedFor = "X-Forwarded-For"

// clientAddress returns the address that a request came from, without a zone, and IPv4 as such. If the peer is a trusted
// proxy, it reads X-Forwarded-For from right to left and skips trusted proxies: each proxy appends the address of its own
// peer, and everything to the left of a client's address may be forged. An entry that is no address ends the search; then
// the proxy that wrote it counts as the client. The result is invalid if the peer has no IP address.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client, _ := parseAddress(r.RemoteAddr)
	entries := strings.Split(strings.Join(r.Header.Values(headerForwardedFor), ","), ",")
	for i := len(entries) - 1; i >= 0 && isIn(client, trusted); i-- {
		address, ok := parseAddress(entries[i])
		if !ok {
			break
		}
		client = address
	}
	return client
}

// parseAddress reads an entry of X-Forwarded-For. The header has no standard; proxies write IP addresses with or without a
// port, IPv6 with or without brackets, and some add the quotes of the header Forwarded (RFC 7239 section 6).
func parseAddress(entry string) (address netip.Addr, ok bool) {
	entry = strings.Trim(entry, " \t")
	if len(entry) > 1 && strings.HasPrefix(entry, `"`) && strings.HasSuffix(entry, `"`) {
		entry = entry[1 : len(entry)-1]
	}
	address, err := netip.ParseAddr(entry)
	if inner, bracketed := strings.CutPrefix(entry, "["); err != nil && bracketed && strings.HasSuffix(inner, "]") {
		address, err = netip.ParseAddr(inner[:len(inner)-1])
	}
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(entry)
		address = withPort.Addr()
	}
	return address.Unmap().WithZone(""), err == nil
}

func isIn(address netip.Addr, networks []netip.Prefix) bool {
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// networkOf returns a client as rate limits count it: an IPv4 address, or a /64 of IPv6, because a customer has at least that
// many addresses. It is the zero value without an address.
func networkOf(client netip.Addr) netip.Prefix {
	network, err := client.Prefix(min(client.BitLen(), 64))
	if err != nil || !client.IsValid() {
		return netip.Prefix{}
	}
	return network
}

// clientHash returns a keyed hash of a client for the log: of an IPv4 address, or of a /64 of IPv6, because a customer has at
// least that many addresses. It differs from the hash under which limits count the client. It is empty without an address.
func (s *server) clientHash(client netip.Addr) string {
	const length = 12 // characters of base32; two of a million clients have the same hash with a probability of 4e-7
	if !client.IsValid() {
		return ""
	}
	network := networkOf(client).String()
	if client.Is4() {
		network = client.String()
	}
	return s.Keys.LimitKey("client in the log", network)[:length]
}
