// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"zaver/cardreader/agent/doctor"
)

// portalFaults are what may stand between agent and portal.
func portalFaults() []injected {
	origin := func(f func(t *testing.T, x *computer) string) func(*testing.T, *computer) {
		return func(t *testing.T, x *computer) { x.config.Settings.Portals[0].Origin = f(t, x) }
	}
	return []injected{
		{name: "no such name", code: doctor.CodePortalName, damage: origin(func(t *testing.T, _ *computer) string {
			noNames(t)
			return "https://portal.invalid"
		})},
		{name: "closed port", code: doctor.CodePortalConnect, damage: origin(func(t *testing.T, _ *computer) string { return fmt.Sprintf("https://127.0.0.1:%d", freePort(t)) })},
		{name: "silence", code: doctor.CodePortalHung, damage: origin(func(t *testing.T, x *computer) string { return "https://" + tcp(t, func(net.Conn) {}) })},
		{name: "silence after the request", code: doctor.CodePortalHung, damage: func(_ *testing.T, x *computer) {
			over := make(chan struct{})
			x.t.Cleanup(func() { close(over) }) // runs before the server is closed
			x.answer = func(http.ResponseWriter, *http.Request) { <-over }
		}},
		{name: "hangs up", code: doctor.CodePortalConnect, damage: origin(func(t *testing.T, _ *computer) string {
			return "https://" + tcp(t, func(c net.Conn) { _ = c.Close() })
		})},
		{name: "no TLS there", code: doctor.CodePortalTLS, damage: origin(func(t *testing.T, x *computer) string {
			plain := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(plain.Close)
			return "https" + strings.TrimPrefix(plain.URL, "http")
		})},
		{name: "old TLS", code: doctor.CodePortalTLS, damage: origin(func(t *testing.T, x *computer) string {
			return x.serveTLS(&tls.Config{Certificates: x.portal.TLS.Certificates, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
		})},
		{name: "unknown authority", code: doctor.CodePortalTLSUntrusted, damage: func(_ *testing.T, x *computer) { x.config.Roots = x509.NewCertPool() }},
		{name: "certificate of another name", code: doctor.CodePortalTLSName, damage: origin(func(t *testing.T, x *computer) string {
			return x.serveTLS(x.certificate(t, "other.example", time.Now().Add(time.Hour)))
		})},
		{name: "certificate expired", code: doctor.CodePortalTLSExpired, damage: origin(func(t *testing.T, x *computer) string {
			return x.serveTLS(x.certificate(t, "127.0.0.1", time.Now().Add(-time.Hour)))
		})},
		{name: "not a portal", code: doctor.CodePortalAnswer, damage: func(_ *testing.T, x *computer) { x.answer = http.NotFound }},
		{name: "sign-in page of a hotel", code: doctor.CodePortalAnswer, damage: func(_ *testing.T, x *computer) {
			x.answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>Welcome, please pay</html>") }
		}},
		{name: "portal down", code: doctor.CodePortalAnswer, damage: func(_ *testing.T, x *computer) {
			x.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		}},
		{name: "endless answer", code: doctor.CodePortalAnswer, damage: func(_ *testing.T, x *computer) {
			x.answer = func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					if _, err := w.Write(make([]byte, 64<<10)); err != nil {
						return
					}
				}
			}
		}},
	}
}

// noNames has this process ask a name server that knows no name, until the test ends: the machine's own may be slow or away.
func noNames(t *testing.T) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		message := make([]byte, 4<<10)
		for {
			n, from, err := server.ReadFrom(message)
			if err != nil {
				return
			}
			message[2] |= 0x80 // an answer
			message[3] = 0x83  // no such name
			_, _ = server.WriteTo(message[:n], from)
		}
	}()
	machine := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = machine })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// tcp serves connections until the test ends and returns the address.
func tcp(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			serve(c)
		}
	}()
	return l.Addr().String()
}

// serveTLS is the portal with another TLS configuration.
func (c *computer) serveTLS(config *tls.Config) string {
	s := httptest.NewUnstartedServer(c.portal.Config.Handler)
	s.TLS = config
	s.Config.ErrorLog = nil
	s.StartTLS()
	c.t.Cleanup(s.Close)
	return s.URL
}

// certificate is a TLS certificate that the computer trusts.
func (c *computer) certificate(t *testing.T, name string, until time.Time) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	c.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	c.must(err)
	parsed, err := x509.ParseCertificate(der)
	c.must(err)
	c.config.Roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
