// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
)

// atOrigin leads a visitor who came by another name of this computer
// ("localhost" for 127.0.0.1) to the portal's own origin: agents know no other,
// and to them the page would be a foreign one. Names that are not this
// computer's are left alone, for behind a proxy Host may be anything.
func (s *Server) atOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Method == http.MethodGet && r.Host != s.host && sameComputer(r.Host, s.host) {
			return c.Redirect(http.StatusFound, s.config.Origin+r.URL.RequestURI())
		}
		return next(c)
	}
}

// sameComputer reports whether both are loopback names with one port.
func sameComputer(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	return errA == nil && errB == nil && portA == portB && loopback(hostA) && loopback(hostB)
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
