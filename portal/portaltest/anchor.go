// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/trust"
)

// strangersOnly is a set with one anchor whose key nobody has: every
// certificate comes from a centre that is not trusted.
func strangersOnly(tb testing.TB, now time.Time) *trust.Set {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Nobody's centre"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	parsed, err := cert.Parse(der)
	if err != nil {
		tb.Fatal(err)
	}
	set, err := trust.NewSet([]trust.Anchor{{Certificate: parsed, Kind: trust.Qualified}})
	if err != nil {
		tb.Fatal(err)
	}
	return set
}
