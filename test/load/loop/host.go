package loop

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// CheckLoopback returns an error unless all addresses of the URL's host are loopback addresses.
func CheckLoopback(ctx context.Context, base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return fmt.Errorf("read the URL: %w", err)
	}
	if u.Scheme != "http" || u.Hostname() == "" {
		return fmt.Errorf("%q is not a URL of the form http://127.0.0.1:8080", base)
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return fmt.Errorf("look up the host: %w", err)
	}
	for _, a := range addresses {
		if !a.IsLoopback() {
			return fmt.Errorf("%s (%s) is not this machine; only loopback addresses are allowed", u.Hostname(), a.Unmap())
		}
	}
	return nil
}

// LoopbackTransport returns a transport that connects only to loopback addresses, even after a redirect, and uses no proxy.
func LoopbackTransport() *http.Transport {
	dialer := net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if !to.Addr().Unmap().IsLoopback() {
			return fmt.Errorf("%s is not this machine", address)
		}
		return nil
	}}
	return &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 1000, IdleConnTimeout: 30 * time.Second}
}
