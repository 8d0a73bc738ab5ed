// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// stamped is a holder and an authority of timestamps under one authority.
type stamped struct{ root, ca, leaf, tsa *mint.Party }

func newStamped(tsa mint.Kind) stamped {
	old := func(name string, k mint.Kind, issuer *mint.Party, e ...mint.Extension) *mint.Party {
		return mint.Certificate{Subject: mint.CN(name), Key: mint.NewKey(k), NotBefore: moment.AddDate(-20, 0, 0), Extensions: e}.Sign(issuer)
	}
	const k = mint.GOST2012256
	s := stamped{root: old("Root", k, nil, mint.CAExtensions()...)}
	s.ca = old("CA", k, s.root, mint.CAExtensions()...)
	s.leaf = old("Holder", k, s.ca, mint.LeafExtensions()...)
	s.tsa = old("TSA", tsa, s.ca, mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.TimeStamping).Crit(), mint.SKI(), mint.AKI())
	return s
}

// sign makes a signature with a timestamp of that time.
func (s stamped) sign(at time.Time) []byte {
	return mint.SignedData{
		Content: content, Certificates: [][]byte{s.leaf.DER, s.tsa.DER},
		Signers: []mint.Signer{{By: s.leaf, At: at, Unsigned: []func([]byte) mint.Attribute{mint.Timestamped(s.tsa, at)}}},
	}.DER()
}

// answers are of an hour ago, with entries in the list of the holder's authority.
func (s stamped) answers(ca []mint.Entry, root []mint.Entry) *revocation.Archive {
	crl := func(by *mint.Party, entries []mint.Entry) []byte {
		return mint.CRL{ThisUpdate: moment.Add(-time.Hour), NextUpdate: moment.Add(time.Hour), Entries: entries}.Sign(by)
	}
	return &revocation.Archive{Answers: [][]byte{crl(s.ca, ca), crl(s.root, root)}}
}

// An authority of timestamps that was revoked after it made a token: RFC 3161 section 4, items 1 and 2, by
// the reason of the entry.
func TestAuthorityRevokedLater(t *testing.T) {
	s := newStamped(mint.GOST2012256)
	at, revoked := moment.AddDate(-2, 0, 0), moment.AddDate(-1, 0, 0)
	der := s.sign(at)
	entry := func(p *mint.Party, e ...mint.Extension) []mint.Entry {
		return []mint.Entry{mint.Revoked(p.Serial, revoked, e...)}
	}
	for _, tt := range []struct {
		name     string
		ca, root []mint.Entry
		holds    bool
	}{
		{"not revoked", nil, nil, true},
		{"no reason", entry(s.tsa), nil, false},
		{"unspecified", entry(s.tsa, mint.ReasonCode(0)), nil, true},
		{"keyCompromise", entry(s.tsa, mint.ReasonCode(1)), nil, false},
		{"cACompromise", entry(s.tsa, mint.ReasonCode(2)), nil, false},
		{"affiliationChanged", entry(s.tsa, mint.ReasonCode(3)), nil, true},
		{"superseded", entry(s.tsa, mint.ReasonCode(4)), nil, true},
		{"cessationOfOperation", entry(s.tsa, mint.ReasonCode(5)), nil, true},
		{"privilegeWithdrawn", entry(s.tsa, mint.ReasonCode(9)), nil, false},
		{"aACompromise", entry(s.tsa, mint.ReasonCode(10)), nil, false},
		{"its issuer, superseded", nil, entry(s.ca, mint.ReasonCode(4)), true},
		{"its issuer, no reason", nil, entry(s.ca), true},
		{"its issuer, keyCompromise", nil, entry(s.ca, mint.ReasonCode(1)), false},
		{"its issuer, cACompromise", nil, entry(s.ca, mint.ReasonCode(2)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to := terms(t, s.root.DER, s.ca.DER)
			to.Revocation = s.answers(tt.ca, tt.root)
			r := verify.Document(t.Context(), der, nil, to).Signers[0]
			if len(r.Timestamps) != 1 || r.Timestamps[0].Holds != tt.holds {
				t.Errorf("%+v", r.Timestamps)
			}
			if r.At.Before(moment) != tt.holds {
				t.Errorf("judged at %v", r.At)
			}
		})
	}
}

// A token by GOST R 34.10-2001 is for old data, though the authority's certificate is signed by a new algorithm.
func TestLegacyTimestamp(t *testing.T) {
	s := newStamped(mint.GOST2001A)
	for years, holds := range map[int]map[verify.Profile]bool{
		-2: {verify.ProfileGeneric: true, verify.ProfileQualified: false},
		-8: {verify.ProfileGeneric: true, verify.ProfileQualified: true}, // 2018
	} {
		for profile, want := range holds {
			to := terms(t, s.root.DER, s.ca.DER)
			to.Revocation, to.Profile = s.answers(nil, nil), profile
			r := verify.Document(t.Context(), s.sign(moment.AddDate(years, 0, 0)), nil, to).Signers[0]
			if len(r.Timestamps) != 1 || r.Timestamps[0].Holds != want {
				t.Errorf("%d, %s: %+v", years, profile, r.Timestamps)
			}
		}
	}
}

// RFC 5280 section 4.2.1.12: a key that is for the answers of a service alone signs no documents, but may sign
// those answers.
func TestServiceSignsDocument(t *testing.T) {
	root := mint.Root("Root", mint.P256)
	for _, tt := range []struct {
		name    string
		purpose mint.Extension
		content string
		valid   bool
	}{
		{"timestamps alone", mint.EKU(mint.TimeStamping).Crit(), mint.OIDData, false},
		{"answers alone", mint.EKU(mint.OCSPSigning).Crit(), mint.OIDData, false},
		{"timestamps and others", mint.EKU(mint.TimeStamping, mint.EmailProtection).Crit(), mint.OIDData, true},
		{"timestamps, by way of a hint", mint.EKU(mint.TimeStamping), mint.OIDData, true},
		{"a token", mint.EKU(mint.TimeStamping).Crit(), mint.OIDTSTInfo, true},
	} {
		p := mint.Certificate{Subject: mint.CN("Service"), Key: mint.NewKey(mint.P256),
			Extensions: append(mint.LeafExtensions(), tt.purpose)}.Sign(root)
		der := mint.SignedData{Content: content, ContentType: tt.content, Signers: []mint.Signer{{By: p, At: moment}}}.DER()
		r := verify.Document(t.Context(), der, nil, terms(t, root.DER)).Signers[0]
		if (r.Verdict() == verify.Valid) != tt.valid || r.Has(verify.CodeKeyUsage) == tt.valid {
			t.Errorf("%s: %+v", tt.name, r.Findings)
		}
	}
}
