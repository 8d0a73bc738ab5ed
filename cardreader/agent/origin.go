// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"zaver/signature/challenge"
)

// maxOrigin bounds an origin in bytes, so that a consent window never has to cut it.
const maxOrigin = 100

// CheckOrigin reports whether s is a web origin that a statement may name (see challenge.IsOrigin), short enough to be
// shown whole; plain http is accepted for 127.0.0.1, [::1] and localhost alone.
func CheckOrigin(s string) error {
	if len(s) > maxOrigin {
		return fmt.Errorf("%.120q is longer than %d bytes", s, maxOrigin)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("%q is not a web origin", s)
	case u.Scheme == "http" && !isLoopbackName(u.Hostname()):
		return errors.New("http is accepted for 127.0.0.1, [::1] and localhost only; use https")
	case u.Scheme+":"+u.Port() == "https:443", u.Scheme+":"+u.Port() == "http:80":
		return errors.New("a browser leaves the default port out")
	case !challenge.IsOrigin(s):
		return fmt.Errorf("%q is not a web origin as a browser writes it", s)
	}
	return nil
}

func isLoopbackName(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip == netip.IPv6Loopback() || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}
