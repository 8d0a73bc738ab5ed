// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// maxOrigin bounds an origin in bytes, so that a consent window never has to cut it.
const maxOrigin = 100

// CheckOrigin reports whether s is a web origin in the form in which browsers send it (RFC 6454 section 6.2):
// https, or http with a loopback host, lower-case ASCII, no default port, no path.
func CheckOrigin(s string) error {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxOrigin {
		return fmt.Errorf("%.120q is not a web origin", s)
	}
	if u.Scheme+"://"+u.Host != s || u.Host == "" || s != strings.ToLower(s) || strings.ContainsFunc(s, notOriginByte) {
		return fmt.Errorf("%q is not a web origin as a browser writes it", s)
	}
	if u.Hostname() == "" || strings.HasSuffix(u.Host, ":") {
		return fmt.Errorf("%q is not a web origin as a browser writes it", s)
	}
	switch u.Scheme + ":" + u.Port() {
	case "https:443", "http:80":
		return errors.New("a browser leaves the default port out")
	}
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopbackName(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("http is accepted for 127.0.0.1, [::1] and localhost only; use https")
	}
	return fmt.Errorf("scheme %q is neither https nor http", u.Scheme)
}

func notOriginByte(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(".-:/[]_", r))
}

func isLoopbackName(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip == netip.IPv6Loopback() || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}
