// Package loopback recognizes requests that a browser on this machine sent to this machine on purpose. A web page can point its
// own host name to 127.0.0.1 (DNS rebinding): its requests then reach services on loopback, but with the page's host name.
package loopback

import (
	"net"
	"net/http"
	"strings"
)

// IsHost reports whether the host of a request, with or without a port, is localhost or a loopback address.
func IsHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
}

// Check reports whether a request may use a service on loopback that has no login: its host is this machine, and no page of
// another origin sent it to change something.
func Check(r *http.Request) bool {
	return IsHost(r.Host) && new(http.CrossOriginProtection).Check(r) == nil
}

// HostOnly refuses requests for other host names with 403.
func HostOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsHost(r.Host) {
			http.Error(w, "this service accepts only local requests; use the host name localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
