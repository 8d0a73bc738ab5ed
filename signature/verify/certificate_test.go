// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// keyPeriod is the extension PrivateKeyUsagePeriod.
func keyPeriod(t *testing.T, from, until time.Time) pkix.Extension {
	t.Helper()
	value, err := asn1.Marshal(struct {
		From  time.Time `asn1:"tag:0,generalized"`
		Until time.Time `asn1:"tag:1,generalized"`
	}{from, until})
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 16}, Value: value}
}

// TestCertificate covers what a certificate says by itself, beyond the variants of the test PKI.
func TestCertificate(t *testing.T) {
	room := newRoom(t, pki.P256)
	subject := pki.PersonSubject(people.TokenHolder())
	badSNILS := subject
	badSNILS.SNILS = "11223344594"
	twoDays := 48 * time.Hour
	for _, tt := range []struct {
		name     string
		template pki.Template
		want     []string
	}{
		{"key period runs", pki.Template{Subject: subject, Extra: []pkix.Extension{keyPeriod(t, moment, moment.Add(time.Second))}}, []string{}},
		{"key period ended", pki.Template{Subject: subject, Extra: []pkix.Extension{keyPeriod(t, moment.Add(-twoDays), moment.Add(-time.Second))}}, []string{"sig.key_period"}},
		{"key period to come", pki.Template{Subject: subject, Extra: []pkix.Extension{keyPeriod(t, moment.Add(time.Second), moment.Add(twoDays))}}, []string{"sig.key_period"}},
		{"no key usage", pki.Template{Subject: subject, NoKeyUsage: true}, []string{"sig.key_usage"}},
		{"an authority with a person's name", pki.Template{Subject: subject, CertificateAuthority: true,
			KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}, []string{"sig.key_usage"}},
		{"wrong check digits", pki.Template{Subject: badSNILS}, []string{"sig.holder"}},
		{"not qualified, on a card", pki.Template{Subject: subject, NotQualified: true, Authority: pki.UEC}, []string{}},
		{"critical extension", pki.Template{Subject: subject, Extra: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}},
			[]string{"sig.chain", "chain.critical_extension", "sig.revocation_unknown"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key, err := pki.NewKey(pki.P256)
			if err != nil {
				t.Fatal(err)
			}
			tt.template.PublicKey = key.Public()
			der, err := room.pki.Issue(tt.template)
			if err != nil {
				t.Fatal(err)
			}
			r := room.verify(t, room.signWith(t, &pki.Identity{DER: der, Key: key}, nil, moment))
			if d := cmp.Diff(tt.want, bad(r)); d != "" {
				t.Errorf("%s\n%+v", d, r.Findings)
			}
		})
	}
}

// TestNoCertificate takes the signer's certificate away by changing its serial number inside the CMS.
func TestNoCertificate(t *testing.T) {
	room := newRoom(t, pki.P256)
	der, id := room.sign(t, pki.Order{Person: people.TokenHolder()}, moment)
	serial := id.Serial.Bytes()
	other := bytes.Clone(serial)
	other[len(other)-1] ^= 1
	r := room.verify(t, bytes.Replace(der, serial, other, 1))
	if d := cmp.Diff([]string{"sig.invalid", "cms.certificate", "sig.no_certificate"}, bad(r)); d != "" || r.Signer != nil {
		t.Errorf("%s\n%+v", d, r.Findings)
	}
}
