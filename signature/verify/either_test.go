// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// Answers that were given and answers inside the signature count together, and neither hides the other.
func TestGivenAndInside(t *testing.T) {
	const k = mint.P256
	root := mint.Root("Root", k)
	ca := mint.CA("CA", k, root)
	leaf := mint.Leaf("Holder", k, ca)
	at := func(h int) time.Time { return moment.Add(time.Duration(h) * time.Hour) }
	crl := func(this, next int, entries []mint.Entry, extra ...mint.Extension) []byte {
		if extra == nil {
			extra = []mint.Extension{mint.CRLNumber(1)}
		}
		return mint.CRL{ThisUpdate: at(this), NextUpdate: at(next), Entries: entries, Extensions: append(extra, mint.AKI())}.Sign(ca)
	}
	entry := func(h int, e ...mint.Extension) []mint.Entry {
		return []mint.Entry{mint.Revoked(leaf.Serial, at(h), e...)}
	}
	above := mint.CRL{ThisUpdate: at(-1), NextUpdate: at(100)}.Sign(root)
	base := crl(-3, 3, nil)
	delta := crl(-1, 1, entry(-2), mint.CRLNumber(2), mint.DeltaIndicator(1))
	for _, tt := range []struct {
		name          string
		given, inside [][]byte
		verdict       verify.Verdict
		later         bool
	}{
		{"complete given, delta inside", [][]byte{base}, [][]byte{delta}, verify.Invalid, false},
		{"delta given, complete inside", [][]byte{delta}, [][]byte{base}, verify.Invalid, false},
		{"good given, revoked later inside", [][]byte{base}, [][]byte{crl(6, 8, entry(5))}, verify.Valid, true},
		{"revoked later given, good inside", [][]byte{crl(6, 8, entry(5))}, [][]byte{base}, verify.Valid, true},
		{"good given, revoked inside", [][]byte{base}, [][]byte{crl(-1, 1, entry(-2))}, verify.Invalid, false},
		{"revoked given, a newer good one inside", [][]byte{crl(-3, 3, entry(-4))}, [][]byte{crl(-1, 1, nil)}, verify.Invalid, false},
		{"nothing given that is about it", nil, [][]byte{base}, verify.Valid, false},
		{"nothing inside that is about it", [][]byte{base}, [][]byte{above}, verify.Valid, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			der := mint.SignedData{Content: content, Signers: []mint.Signer{{By: leaf, At: moment}}, CRLs: tt.inside}.DER()
			to := terms(t, root.DER, ca.DER)
			to.Revocation = &revocation.Archive{Answers: append([][]byte{above}, tt.given...)}
			// A timestamp would make the clock later than the moment of judgement; here it is the audit's own.
			to.At = moment
			if tt.later {
				tsa := mint.Certificate{Subject: mint.CN("TSA"), Key: mint.NewKey(k),
					Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.TimeStamping).Crit(), mint.SKI(), mint.AKI()}}.Sign(root)
				der = mint.SignedData{Content: content, CRLs: tt.inside, Certificates: [][]byte{leaf.DER, tsa.DER},
					Signers: []mint.Signer{{By: leaf, At: moment, Unsigned: []func([]byte) mint.Attribute{mint.Timestamped(tsa, moment)}}}}.DER()
				to.At = at(10)
			}
			r := verify.Document(t.Context(), der, nil, to).Signers[0]
			if r.Verdict() != tt.verdict || r.Has(verify.CodeRevokedLater) != tt.later {
				t.Errorf("%s %+v", r.Verdict(), r.Findings)
			}
		})
	}
}

// RFC 5035 section 3: certificates that signing-certificate names beyond the signer's own limit the path.
func TestPathLimitedBySigner(t *testing.T) {
	const k = mint.P256
	root := mint.Root("Root", k)
	ca := mint.CA("CA", k, root)
	twin := mint.Certificate{Subject: ca.Name, Key: ca.Key, Extensions: mint.CAExtensions()}.Sign(root) // certified twice
	other := mint.CA("Other", k, root)
	leaf := mint.Leaf("Holder", k, ca)
	id := func(p *mint.Party) []byte { return mint.ESSCertIDv2(mint.SHA256, p.DER, mint.IssuerSerial(p)) }
	for _, tt := range []struct {
		name  string
		named []*mint.Party
		bag   [][]byte
		valid bool
	}{
		{"its own alone", []*mint.Party{leaf}, [][]byte{ca.DER}, true},
		{"the whole path", []*mint.Party{leaf, ca, root}, [][]byte{ca.DER}, true},
		{"the path below the anchor", []*mint.Party{leaf, ca}, [][]byte{ca.DER}, true},
		{"another authority", []*mint.Party{leaf, other}, [][]byte{ca.DER}, false},
		{"another certificate of the authority", []*mint.Party{leaf, twin}, [][]byte{ca.DER}, false},
		{"another certificate of the authority, at hand too", []*mint.Party{leaf, twin}, [][]byte{ca.DER, twin.DER}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var ids [][]byte
			for _, p := range tt.named {
				ids = append(ids, id(p))
			}
			signer := mint.Signer{By: leaf, At: moment, Drop: []string{mint.OIDSigningCertificateV2},
				Extra: []mint.Attribute{{Raw: mint.SigningCertificates(ids...).DER()}}}
			der := mint.SignedData{Content: content, Certificates: append(tt.bag, leaf.DER), Signers: []mint.Signer{signer}}.DER()
			r := verify.Document(t.Context(), der, nil, terms(t, root.DER)).Signers[0]
			if (r.Verdict() == verify.Valid) != tt.valid || r.Has("cms.signing_certificate") == tt.valid {
				t.Errorf("%s %+v", r.Verdict(), r.Findings)
			}
			if !tt.valid && len(r.Path) == 0 {
				t.Error("the path is not told")
			}
		})
	}
}
