// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"math/big"
	"slices"
	"testing"

	"zaver/signature/revocation"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// terms trust one certificate.
func terms(t testing.TB, anchor []byte, untrusted ...[]byte) verify.Terms {
	t.Helper()
	set, err := trust.NewSet([]trust.Anchor{{Certificate: parse(t, anchor), Kind: trust.Qualified}})
	if err != nil {
		t.Fatal(err)
	}
	out := verify.Terms{At: moment, Set: set}
	for _, der := range untrusted {
		out.Untrusted = append(out.Untrusted, parse(t, der))
	}
	return out
}

// TestProfileOfCertificates is what breaches of RFC 5280 section 4 come to by place and profile.
func TestProfileOfCertificates(t *testing.T) {
	const aki, ski, ku, eku = mint.OIDAuthorityKeyID, mint.OIDSubjectKeyID, mint.OIDKeyUsage, mint.OIDExtKeyUsage
	type change = func(*mint.Certificate)
	gone := func(oids ...string) change {
		return func(c *mint.Certificate) {
			for _, oid := range oids {
				c.Extensions = mint.Without(c.Extensions, oid)
			}
		}
	}
	serial := func(n *big.Int) change { return func(c *mint.Certificate) { c.Serial = n } }
	long := new(big.Int).Lsh(big.NewInt(1), 159) // 21 octets with the sign
	loose := func(c *mint.Certificate) {
		gone(mint.OIDBasicConstraints)(c)
		c.Extensions = append(c.Extensions, mint.BasicConstraints(true, -1).NonCrit())
	}
	for _, r := range []struct {
		name           string
		root, ca, leaf change
		cert, cms      verify.Verdict // generic; under the qualified profile nothing of it refuses
	}{
		{"conforming", nil, nil, nil, verify.Valid, verify.Valid},
		{"4.2.1.1 authority without AKI", nil, gone(aki), nil, verify.Invalid, verify.Invalid},
		{"4.2.1.1 holder without AKI", nil, nil, gone(aki), verify.Invalid, verify.Valid},
		{"4.2.1.1 holder without AKI that says nothing", nil, nil, gone(aki, ku, eku, mint.OIDBasicConstraints), verify.Valid, verify.Valid},
		{"4.2.1.1 holder without AKI under an issuer without SKI", nil, gone(ski), gone(aki), verify.Invalid, verify.Invalid}, // the issuer's fault
		{"4.2.1.2 authority without SKI", nil, gone(ski), nil, verify.Invalid, verify.Invalid},
		{"4.2.1.2 anchor without SKI", gone(ski), nil, nil, verify.Invalid, verify.Valid},
		{"4.2.1.2 anchor without SKI that nobody needs", gone(ski), gone(aki), gone(aki), verify.Invalid, verify.Invalid}, // the authority's AKI
		{"4.2.1.3 authority without keyUsage", nil, gone(ku), nil, verify.Invalid, verify.Invalid},
		{"4.2.1.3 anchor without keyUsage", gone(ku), nil, nil, verify.Valid, verify.Valid},
		{"4.1.2.2 authority's serial number 0", nil, serial(new(big.Int)), nil, verify.Invalid, verify.Invalid},
		{"4.1.2.2 serial number 0", nil, nil, serial(new(big.Int)), verify.Invalid, verify.Invalid},
		{"4.1.2.2 anchor's serial number 0", serial(new(big.Int)), nil, nil, verify.Valid, verify.Valid},
		{"4.1.2.2 serial number of 21 octets", nil, nil, serial(long), verify.Invalid, verify.Invalid},
		{"4.1.2.2 serial number of 20 octets", nil, nil, serial(new(big.Int).Rsh(long, 1)), verify.Valid, verify.Valid},
		{"4.1.2.2 serial number below 0", nil, nil, serial(big.NewInt(-5)), verify.Valid, verify.Valid},
		{"4.2.1.9 basicConstraints not critical", nil, loose, nil, verify.Valid, verify.Valid},
		{"4.2.1.9 anchor's basicConstraints not critical", loose, nil, nil, verify.Valid, verify.Valid},
	} {
		t.Run(r.name, func(t *testing.T) {
			make := func(name string, issuer *mint.Party, e []mint.Extension, how change) *mint.Party {
				c := mint.Certificate{Subject: mint.CN(name), Key: mint.NewKey(mint.P256), Extensions: slices.Clone(e)}
				if how != nil {
					how(&c)
				}
				return c.Sign(issuer)
			}
			root := make("Root", nil, mint.CAExtensions(), r.root)
			ca := make("CA", root, mint.CAExtensions(), r.ca)
			leaf := make("Holder", ca, mint.LeafExtensions(), r.leaf)
			to := terms(t, root.DER, ca.DER)
			if a := verify.Certificate(t.Context(), parse(t, leaf.DER), to); a.Verdict != r.cert {
				t.Errorf("certificate: %s, %+v", a.Verdict, a.Signers[0].Findings)
			}
			der := mint.SignedData{Content: content, Signers: []mint.Signer{{By: leaf}}}.DER()
			if a := verify.Document(t.Context(), der, nil, to); a.Verdict != r.cms {
				t.Errorf("signature: %s, %+v", a.Verdict, a.Signers)
			}
			to.Profile = verify.ProfileQualified
			for _, f := range verify.Document(t.Context(), der, nil, to).Signers[0].Findings {
				if f.Severity == verify.Fail && f.Code != verify.CodeNotQualified && f.Code != verify.CodeKeyUsage {
					t.Errorf("qualified: %+v", f)
				}
			}
		})
	}
}

// An authority outside the profile does no harm where a conforming certificate of it is at hand.
func TestProfileTriesOtherPaths(t *testing.T) {
	root := mint.Root("Root", mint.P256)
	key := mint.NewKey(mint.P256)
	bad := mint.Certificate{Subject: mint.CN("CA"), Key: key, Extensions: mint.Without(mint.CAExtensions(), mint.OIDKeyUsage)}.Sign(root)
	good := mint.Certificate{Subject: mint.CN("CA"), Key: key, Extensions: mint.CAExtensions()}.Sign(root)
	leaf := mint.Leaf("Holder", mint.P256, good)
	a := verify.Certificate(t.Context(), parse(t, leaf.DER), terms(t, root.DER, bad.DER, good.DER))
	if a.Verdict != verify.Valid || !a.Signers[0].Path[1].Equal(parse(t, good.DER)) {
		t.Errorf("%s, %+v", a.Verdict, a.Signers[0].Findings)
	}
}

// An anchor that is asked about itself is what the asker trusts: nobody vouches for it or revokes it.
func TestAnchorItself(t *testing.T) {
	root := mint.Certificate{Subject: mint.CN("Root"), Key: mint.NewKey(mint.GOST2012256), Serial: new(big.Int)}.Sign(nil)
	to := terms(t, root.DER)
	to.Revocation = &revocation.Archive{}
	for _, profile := range []verify.Profile{verify.ProfileGeneric, verify.ProfileQualified} {
		to.Profile = profile
		r := verify.Certificate(t.Context(), parse(t, root.DER), to).Signers[0]
		if r.Has(verify.CodeRevocationUnknown) || !r.Has(verify.CodeChainOK) || len(r.Path) != 1 {
			t.Errorf("%s: %+v", profile, r.Findings)
		}
	}
	if a := verify.Certificate(t.Context(), parse(t, root.DER), verify.Terms{At: to.At.AddDate(50, 0, 0), Set: to.Set}); a.Verdict != verify.Invalid {
		t.Error("an anchor that has ended is valid")
	}
}

// GOST R 34.10-2001 may be met everywhere in old data, and nowhere in new ones.
func TestLegacyEverywhere(t *testing.T) {
	for _, where := range []string{"authority", "holder", "answer", "signature"} {
		t.Run(where, func(t *testing.T) {
			kind := func(w string) mint.Kind {
				if w == where {
					return mint.GOST2001A
				}
				return mint.GOST2012256
			}
			old := func(name, whose string, issuer *mint.Party, e ...mint.Extension) *mint.Party {
				return mint.Certificate{Subject: mint.CN(name), Key: mint.NewKey(kind(whose)), NotBefore: moment.AddDate(-10, 0, 0), Extensions: e}.Sign(issuer)
			}
			root := old("Root", "authority", nil, mint.CAExtensions()...)
			ca := old("CA", "holder", root, mint.CAExtensions()...)
			leaf := old("Holder", "signature", ca, mint.LeafExtensions()...)
			lister := old("CA", "answer", root, mint.KeyUsage(mint.CRLSign), mint.SKI(), mint.AKI())
			crl := func(by *mint.Party) []byte {
				return mint.CRL{ThisUpdate: moment.AddDate(-8, 0, 0), NextUpdate: moment.AddDate(1, 0, 0)}.Sign(by)
			}
			to := terms(t, root.DER, ca.DER, lister.DER)
			to.Revocation = &revocation.Archive{Answers: [][]byte{crl(root), crl(lister)}}
			der := mint.SignedData{Content: content, Signers: []mint.Signer{{By: leaf, At: moment.AddDate(-7, 0, 0)}}}.DER()
			for _, c := range []struct {
				profile verify.Profile
				years   int
				legacy  bool
			}{
				{verify.ProfileGeneric, 0, true},
				{verify.ProfileQualified, 0, false},
				{verify.ProfileQualified, -7, true}, // 2019
			} {
				to.Profile, to.At = c.profile, moment.AddDate(c.years, 0, 0)
				r := verify.Document(t.Context(), der, nil, to).Signers[0]
				var failed, warned bool
				for _, f := range r.Findings {
					failed = failed || f.Severity == verify.Unknown || f.Severity == verify.Fail && f.Code != verify.CodeNotQualified
					warned = warned || f.Code == verify.CodeLegacyAlgorithm && f.Severity == verify.Warn
				}
				if failed == c.legacy || c.legacy && !warned {
					t.Errorf("%s, %d: %+v", c.profile, c.years, r.Findings)
				}
			}
		})
	}
}
