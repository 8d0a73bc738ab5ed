// SPDX-License-Identifier: Apache-2.0

package cms_test

import (
	"bytes"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// authority is a timestamp authority under the root.
func (w world) authority(k mint.Kind) *mint.Party {
	return mint.Certificate{Subject: mint.CN("Служба времени"), Key: mint.NewKey(k), Extensions: []mint.Extension{
		mint.BasicConstraints(false, -1), mint.KeyUsage(0), mint.EKU("1.3.6.1.5.5.7.3.8").Crit(), mint.SKI(), mint.AKI(),
	}}.Sign(w.root)
}

func token(s *cms.SignedData, tsa *mint.Party) []byte {
	return mint.TST{Message: s.Signer.Signature, Time: moment}.Token(tsa)
}

// TestExtend makes CAdES-T and -LT of each kind: what was signed keeps its
// bytes, a confirmation stays one, and OpenSSL accepts it as before.
func TestExtend(t *testing.T) {
	peer := gostpeer.New(t)
	for _, k := range []mint.Kind{mint.RSA2048, mint.P256, mint.GOST256A, mint.GOST256XA, mint.GOST256TCA, mint.GOST512A, mint.GOST512C} {
		w := newWorld(k)
		tsa := w.authority(k)
		bes := w.sign(t)
		before, err := cms.Parse(bes)
		if err != nil {
			t.Fatal(err)
		}
		tst := token(before, tsa)
		withT, err := cms.WithTimestamp(bes, tst)
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		crl := mint.CRL{}.Sign(w.root)
		ocsp := mint.OCSP{Answers: []mint.Answer{mint.About(w.leaf, w.root, 0)}}.Sign(w.root)
		withLT, err := cms.WithValues(withT, []*cert.Certificate{certificate(t, tsa.DER), certificate(t, w.root.DER)}, [][]byte{crl}, [][]byte{ocsp})
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		for name, der := range map[string][]byte{"BES": bes, "T": withT, "LT": withLT} {
			s, err := cms.ParseUpTo(der, cms.MaxLongTerm)
			if err != nil || len(s.Check()) > 0 {
				t.Errorf("%s %s: no confirmation: %v", k, name, err)
				continue
			}
			if !bytes.Equal(s.Signer.RawSignedAttributes, before.Signer.RawSignedAttributes) || !bytes.Equal(s.Signer.Signature, before.Signer.Signature) ||
				!bytes.Equal(s.Content, before.Content) {
				t.Errorf("%s %s: what was signed changed", k, name)
			}
			v := gostpeer.Verifying{Anchors: [][]byte{w.root.DER}, Flags: []string{"-no_check_time"}}
			if err := peer.VerifyCMS(der, nil, v); err != nil {
				t.Errorf("%s %s: OpenSSL: %v", k, name, err)
			}
			if name == "BES" {
				continue
			}
			if len(s.Signer.Timestamps) != 1 || !bytes.Equal(s.Signer.Timestamps[0], tst) {
				t.Errorf("%s %s: timestamps %d", k, name, len(s.Signer.Timestamps))
			}
			if name == "LT" && (s.Version != 5 || len(s.Certificates) != 3 || !slices.EqualFunc(s.CRLs, [][]byte{crl}, bytes.Equal) ||
				!slices.EqualFunc(s.OCSPs, [][]byte{ocsp}, bytes.Equal)) {
				t.Errorf("%s: version %d, %d certificates, %d CRLs, %d OCSP answers", k, s.Version, len(s.Certificates), len(s.CRLs), len(s.OCSPs))
			}
		}
		if again, err := cms.WithValues(withLT, []*cert.Certificate{certificate(t, tsa.DER)}, [][]byte{crl}, [][]byte{ocsp}); err != nil || !bytes.Equal(again, withLT) {
			t.Errorf("%s: adding twice changes the signature: %v", k, err)
		}
		if again, err := cms.WithTimestamp(withT, tst); err != nil || !bytes.Equal(again, withT) {
			t.Errorf("%s: the same timestamp twice: %v", k, err)
		}
	}
}

// TestExtendRefuses lists what cannot be extended.
func TestExtendRefuses(t *testing.T) {
	w := newWorld(mint.P256)
	bes := w.sign(t)
	s, err := cms.Parse(bes)
	if err != nil {
		t.Fatal(err)
	}
	tst := token(s, w.authority(mint.P256))
	two := basic(w)
	two.Signers = append(two.Signers, mint.Signer{By: w.leaf})
	for name, f := range map[string]func() ([]byte, error){
		"token is no token":       func() ([]byte, error) { return cms.WithTimestamp(bes, bes) },
		"token is nothing":        func() ([]byte, error) { return cms.WithTimestamp(bes, nil) },
		"nothing to be stamped":   func() ([]byte, error) { return cms.WithTimestamp([]byte("x"), tst) },
		"several signers":         func() ([]byte, error) { return cms.WithTimestamp(two.DER(), tst) },
		"nothing to be completed": func() ([]byte, error) { return cms.WithValues(nil, nil, nil, nil) },
		"CRL is none":             func() ([]byte, error) { return cms.WithValues(bes, nil, [][]byte{asn.Null()}, nil) },
		"OCSP answer is none":     func() ([]byte, error) { return cms.WithValues(bes, nil, nil, [][]byte{{0x30}}) },
	} {
		if out, err := f(); err == nil || out != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExtendDetached extends a signature whose content is elsewhere.
func TestExtendDetached(t *testing.T) {
	w := newWorld(mint.GOST2012256)
	r := w.request(t)
	r.Detached = true
	bes, err := cms.Sign(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cms.Open(bes, cms.Options{Content: text})
	if err != nil {
		t.Fatal(err)
	}
	out, err := cms.WithTimestamp(bes, token(s, w.authority(mint.GOST2012256)))
	if err != nil {
		t.Fatal(err)
	}
	if p, notes := verdict(out, cms.Options{Content: text}); len(p)+len(notes) > 0 {
		t.Errorf("%v %v", p, notes)
	}
	if err := gostpeer.New(t).VerifyCMS(out, text, gostpeer.Verifying{Anchors: [][]byte{w.root.DER}, Flags: []string{"-no_check_time"}}); err != nil {
		t.Errorf("OpenSSL: %v", err)
	}
}

// TestOldValues reads the long-term values of CAdES-X-L among the unsigned
// attributes (RFC 5126 sections 6.3.3 and 6.3.4).
func TestOldValues(t *testing.T) {
	w := newWorld(mint.P256)
	crl := mint.CRL{}.Sign(w.root)
	whole := mint.OCSP{Answers: []mint.Answer{mint.About(w.leaf, w.root, 0)}}.Sign(w.root)
	d := basic(w)
	d.Certificates = [][]byte{w.root.DER}
	d.Signers[0].Unsigned = []func([]byte) mint.Attribute{
		mint.CertificateValues(w.leaf.DER, w.root.DER), mint.RevocationValues([][]byte{crl}, [][]byte{basicOf(t, whole)}),
	}
	s, err := cms.Open(d.DER(), cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := s.Signer.Values
	if len(v.Certificates) != 2 || !slices.EqualFunc(v.CRLs, [][]byte{crl}, bytes.Equal) || !slices.EqualFunc(v.OCSPs, [][]byte{whole}, bytes.Equal) {
		t.Errorf("%d certificates, CRLs %x, OCSP answers %x", len(v.Certificates), v.CRLs, v.OCSPs)
	}
	if p := s.Check(); len(p)+len(s.Signer.Notes) > 0 {
		t.Errorf("%v %v", p, s.Signer.Notes)
	}
	if c, err := cms.Parse(d.DER()); err != nil || len(c.Signer.Values.CRLs) != 1 {
		t.Errorf("as a confirmation: %v", err)
	}
}

// basicOf cuts the BasicOCSPResponse out of an OCSPResponse.
func basicOf(t *testing.T, whole []byte) []byte {
	t.Helper()
	i := bytes.Index(whole, asn.OID("1.3.6.1.5.5.7.48.1.1"))
	in := cryptobyte.String(whole[i+11:])
	var octets cryptobyte.String
	if i < 0 || !in.ReadASN1(&octets, casn1.OCTET_STRING) {
		t.Fatal("no basic answer")
	}
	return octets
}
