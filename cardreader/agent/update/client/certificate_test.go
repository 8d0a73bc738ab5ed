// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"
	"time"

	"zaver/cardreader/agent/update"
)

// With a clock that is far off, or in a network that stands between, it is the server's certificate that fails first: that is no matter of the
// connection, and the person hears what to look at.
func TestServersCertificate(t *testing.T) {
	for _, c := range []struct {
		name    string
		trusted bool // the authority of the server's certificate
		server  string
		clock   func(certificate *x509.Certificate) time.Time
		code    string
	}{
		{"right", true, "", func(*x509.Certificate) time.Time { return begun }, ""},
		{"the clock is behind", true, "", func(c *x509.Certificate) time.Time { return c.NotBefore.AddDate(-10, 0, 0) }, update.CodeClock},
		{"the clock is ahead, or the certificate old", true, "", func(c *x509.Certificate) time.Time { return c.NotAfter.AddDate(10, 0, 0) }, update.CodeExpired},
		{"of an authority that nobody knows", false, "", func(*x509.Certificate) time.Time { return begun }, update.CodeInsecure},
		{"of another server", true, "another.example", func(*x509.Certificate) time.Time { return begun }, update.CodeInsecure},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			roots := x509.NewCertPool()
			if c.trusted {
				roots.AddCert(w.m.Certificate())
			}
			w.cfg.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: c.server, Time: w.cfg.Now}}
			w.clock = c.clock(w.m.Certificate())
			if c.code == "" {
				w.finds("1.2.0")
				return
			}
			w.refused(c.code)
		})
	}
}
