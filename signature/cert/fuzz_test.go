// SPDX-License-Identifier: Apache-2.0

package cert_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/cryptobyte"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// FuzzCertificate: whatever parses is whole, bounded and answers every question without a panic.
func FuzzCertificate(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pem")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		list, err := cert.ParsePEM(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(list[0].Raw)
	}
	for _, k := range []mint.Kind{mint.GOST256A, mint.RSA2048, mint.PSS2048, mint.P256, mint.Ed25519} {
		f.Add(realistic(k, mint.P256))
	}
	f.Add(extended(mint.Policies("1.2.3"), mint.PolicyMappings("1.2.3", "1.2.4"), mint.PolicyConstraints(0, 1), mint.InhibitAny(1), mint.NoCheck(),
		mint.NameConstraints([]mint.GeneralName{mint.DNS("a"), mint.Dir(mint.CN("x"))}, []mint.GeneralName{mint.Mail("a@b"), mint.URI("a")}), mint.SAN(mint.IP("192.0.2.1")),
		mint.FreshestCRL(mint.Point{Relative: mint.Attr("CN", 0, "a"), Reasons: []int{1}, Issuer: []mint.GeneralName{mint.Dir(mint.CN("b"))}})))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := cert.Parse(b)
		if err != nil {
			if code(err) != "cert.malformed" && code(err) != "cert.too_large" {
				t.Errorf("refused by %v", err)
			}
			return
		}
		if !bytes.Equal(c.Raw, b) || c.PublicKey == nil || c.Serial == nil || len(c.Extensions) > 64 || len(c.Subject.Attributes) > 64 {
			t.Error("a part is missing or out of bounds")
		}
		for _, w := range c.Warnings {
			if w == "" {
				t.Error("a warning without a code")
			}
		}
		_, _, _, _ = c.Qualified(), c.Holder(), c.Class(), c.Subject.String()
		if c.Fingerprint()[0] < 8 { // a check costs more than all else
			_ = c.CheckSignature(c)
		}
		again, err := cert.Parse(c.Raw)
		if err != nil || again.Subject.Key() != c.Subject.Key() || !again.PublicKey.Equal(c.PublicKey) {
			t.Errorf("reads another way the second time: %v", err)
		}
	})
}

// FuzzGeneralNames: names, distribution points and their parts.
func FuzzGeneralNames(f *testing.F) {
	f.Add(asn.Seq(mint.DNS("a"), mint.Mail("a@b"), mint.Dir(mint.DN("C=RU", "CN=x")), mint.IP("2001:db8::1"), mint.RegisteredID("1.2.3"), mint.OtherName("1.2.3", asn.UTF8("x"))))
	f.Add(mint.CRLDP(mint.Point{FullName: []mint.GeneralName{mint.URI("http://a")}, Reasons: []int{1, 8}}, mint.Point{Relative: mint.Attr("CN", 0, "a")}).Value)
	f.Add(mint.AKIOf([]byte{1}, []mint.GeneralName{mint.Dir(mint.CN("a"))}, rootKey.Serial).Value)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := cryptobyte.String(b)
		list, err := cert.ReadGeneralNames(&s)
		if err == nil && (len(list) == 0 || len(list) > 1024) {
			t.Errorf("%d names", len(list))
		}
		for _, n := range list {
			if n.Tag < 0 || n.Tag > 8 || n.Tag == cert.IPAddress && len(n.IP) != 4 && len(n.IP) != 16 {
				t.Errorf("%+v", n)
			}
		}
		points, err := cert.ParseDistributionPoints(b)
		for _, p := range points {
			if err == nil && p.RelativeName != nil {
				if _, err := (cert.Name{}).Append(p.RelativeName); err != nil {
					t.Errorf("relative name: %v", err)
				}
			}
		}
		_, _ = cert.ParseAuthorityKeyID(b)
		_, _ = cert.ParseReasons(b)
		s = b
		_, _ = cert.ReadExtensions(&s)
	})
}

// FuzzKey: a SubjectPublicKeyInfo.
func FuzzKey(f *testing.F) {
	for k := range allKinds() {
		f.Add(mint.NewKey(k).SPKI)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := cert.ParsePublicKey(b)
		if err != nil {
			return
		}
		again, err := cert.ParsePublicKey(k.SPKI())
		if err != nil || !again.Equal(k) || (k.Kind() == algo.Unknown) != (k.Bits() == 0) {
			t.Errorf("kind %v of %d bits: %v", k.Kind(), k.Bits(), err)
		}
		if a, err := algo.ForKey(k.Kind(), k.Bits()); err == nil && k.Verify(a, make([]byte, a.Digest.Size), make([]byte, 64)) == nil {
			t.Error("zeros are a signature")
		}
	})
}
