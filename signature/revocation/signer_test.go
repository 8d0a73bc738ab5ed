// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
)

// listKey makes a certificate with the centre's name over another key, for signing CRLs only.
func listKey(s *scene, by *mint.Party, extra ...mint.Extension) *mint.Party {
	return mint.Certificate{
		Subject: s.ca.Name, Key: mint.NewKey(mint.P256),
		Extensions: append([]mint.Extension{mint.KeyUsage(mint.CRLSign), mint.SKI(), mint.AKI()}, extra...),
	}.Sign(by)
}

// TestSeparateKeys is RFC 5280 section 6.3.3 (f) with the cases of PKITS 4.4.19 to 21: the certificate's
// issuer signs CRLs with another key.
func TestSeparateKeys(t *testing.T) {
	s := newScene(mint.P256)
	signer := listKey(s, s.root)
	rootGood := list(nil).Sign(s.root)
	rootRevokes := list(since(signer, hour)).Sign(s.root)
	stranger := mint.Root("stranger", mint.P256)
	foreign := listKey(s, stranger)
	mute := mint.Certificate{Subject: s.ca.Name, Key: mint.NewKey(mint.P256),
		Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature), mint.SKI()}}.Sign(s.root)
	ended := mint.Certificate{Subject: s.ca.Name, Key: mint.NewKey(mint.P256), NotBefore: moment.AddDate(-2, 0, 0), NotAfter: moment.Add(-time.Second),
		Extensions: []mint.Extension{mint.KeyUsage(mint.CRLSign), mint.SKI()}}.Sign(s.root)
	odd := listKey(s, s.root, mint.Raw("1.2.3.4", true, []byte{5, 0}))
	selfIssued := listKey(s, s.ca)
	byCA := list(nil, mint.IDP{OnlyUsers: true}.Extension()).Sign(s.ca)
	for _, tt := range []struct {
		name   string
		signer *mint.Party
		more   []*mint.Party
		rest   [][]byte
		status revocation.Status
		code   string
	}{
		{"4.4.19: shown to be good", signer, []*mint.Party{signer}, [][]byte{rootGood}, good, ""},
		{"4.4.20: revoked", signer, []*mint.Party{signer}, [][]byte{rootRevokes}, unknown, revocation.CodeSignerRevoked},
		{"its state unknown", signer, []*mint.Party{signer}, nil, unknown, revocation.CodeSignerUnknown},
		{"its certificate missing", signer, nil, [][]byte{rootGood}, unknown, revocation.CodeSignature},
		{"another root", foreign, []*mint.Party{foreign}, [][]byte{rootGood}, unknown, revocation.CodeSigner},
		{"another root, known by certificate too", foreign, []*mint.Party{foreign, stranger}, [][]byte{rootGood, list(nil).Sign(stranger)}, unknown, revocation.CodeSigner},
		{"not for CRLs", mute, []*mint.Party{mute}, [][]byte{rootGood}, unknown, revocation.CodeIssuer},
		{"out of its validity", ended, []*mint.Party{ended}, [][]byte{rootGood}, unknown, revocation.CodeSigner},
		{"with a critical extension", odd, []*mint.Party{odd}, [][]byte{rootGood}, unknown, revocation.CodeSigner},
		{"4.5.6: self-issued, its state in a CRL by the certificate key", selfIssued, []*mint.Party{selfIssued}, [][]byte{byCA}, good, ""},
		{"self-issued, its state only in its own CRL", selfIssued, []*mint.Party{selfIssued}, nil, unknown, revocation.CodeSignerUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, entries := range [][]mint.Entry{nil, since(s.leaf, hour)} {
				if entries != nil && tt.name == "4.5.6: self-issued, its state in a CRL by the certificate key" {
					continue // byCA speaks about the leaf, too
				}
				q := s.question(t, tt.more...)
				r := kept(t, q, append([][]byte{list(entries).Sign(tt.signer)}, tt.rest...)...)
				want := tt.status
				if entries != nil && want == good {
					want = revoked
				}
				expect(t, r, want, tt.code)
				if want != unknown {
					replay(t, q, r)
				}
			}
		})
	}
}

// TestAnchorOfSigner takes the signer's anchors from where they may come, and no others (section 6.3.3
// (f): the same anchor as the certificate's).
func TestAnchorOfSigner(t *testing.T) {
	s := newScene(mint.P256)
	other := mint.Root("other", mint.P256)
	for _, by := range []*mint.Party{s.root, other} {
		signer := listKey(s, by)
		answers := [][]byte{list(nil).Sign(signer), list(nil).Sign(by)}
		anchors := []*cert.Certificate{parse(t, s.root.DER), parse(t, other.DER)}
		q := s.question(t, signer)
		named := (&revocation.Archive{Answers: answers, Anchors: anchors}).Check(t.Context(), q)
		q.Anchor = nil
		open := (&revocation.Archive{Answers: answers, Anchors: anchors}).Check(t.Context(), q)
		none := (&revocation.Archive{Answers: answers}).Check(t.Context(), q)
		if by == s.root {
			expect(t, named, good, "")
		} else {
			expect(t, named, unknown, revocation.CodeSigner)
		}
		expect(t, open, good, "")
		expect(t, none, unknown, revocation.CodeSigner)
	}
}

// TestChangedKey: an authority that has changed its key may list under each key what that key has signed.
// A newer CRL under the new key does not undo what the one under the old key says.
func TestChangedKey(t *testing.T) {
	s := newScene(mint.P256)
	renewed := mint.CA("centre", mint.P256, s.root)
	newer := dated(list(nil), moment.Add(-time.Minute), moment.Add(hour)).Sign(renewed)
	older := list(since(s.leaf, 2*hour)).Sign(s.ca)
	q := s.question(t, renewed)
	rootList := list(nil).Sign(s.root)
	expect(t, kept(t, q, newer, rootList), good, "")
	expect(t, kept(t, q, newer, rootList, older), revoked, "")
	expect(t, kept(t, q, older, newer, rootList), revoked, "")
}

// TestIncomplete answers questions that lack what they are about.
func TestIncomplete(t *testing.T) {
	s := newScene(mint.P256)
	q := s.question(t)
	for _, q := range []revocation.Question{{}, {Certificate: q.Certificate}, {Issuer: q.Issuer}} {
		expect(t, kept(t, q), unknown, revocation.CodeNoSource)
		expect(t, checker(t, revocation.Config{}).Check(t.Context(), q), unknown, revocation.CodeNoSource)
		if _, err := revocation.EvaluateCRL(nil, q, 0); problemCode(t, err) != revocation.CodeNoSource {
			t.Error(err)
		}
		if _, err := revocation.EvaluateOCSP(nil, q, 0); problemCode(t, err) != revocation.CodeNoSource {
			t.Error(err)
		}
	}
}

// TestIssuerKey is about CRLs under the issuer's own key.
func TestIssuerKey(t *testing.T) {
	s := newScene(mint.P256)
	mute := mint.Certificate{Subject: mint.CN("mute"), Key: mint.NewKey(mint.P256),
		Extensions: []mint.Extension{mint.BasicConstraints(true, -1), mint.KeyUsage(mint.KeyCertSign), mint.SKI()}}.Sign(s.root)
	plain := mint.Certificate{Subject: mint.CN("plain"), Key: mint.NewKey(mint.P256),
		Extensions: []mint.Extension{mint.BasicConstraints(true, -1), mint.SKI()}}.Sign(s.root)
	for _, tt := range []struct {
		name   string
		ca     *mint.Party
		crl    func(ca *mint.Party) []byte
		status revocation.Status
		code   string
	}{
		{"signed by it", s.ca, func(ca *mint.Party) []byte { return list(nil).Sign(ca) }, good, ""},
		{"4.4.2: another issuer's", s.ca, func(*mint.Party) []byte { return list(nil).Sign(s.root) }, unknown, revocation.CodeNoSource},
		{"4.4.4: one bit of the signature", s.ca, func(ca *mint.Party) []byte {
			l := list(nil)
			l.EditSignature = mint.FlipBit(-1)
			return l.Sign(ca)
		}, unknown, revocation.CodeSignature},
		{"one bit of an entry", s.ca, func(ca *mint.Party) []byte {
			l := list([]mint.Entry{mint.Revoked(number(0x5aa55aa55aa5), moment.Add(-hour))})
			l.Edit = mint.Replace([]byte{0x5a, 0xa5, 0x5a, 0xa5, 0x5a, 0xa5}, []byte{0x5a, 0xa5, 0x5a, 0xa5, 0x5a, 0xa4})
			return l.Sign(ca)
		}, unknown, revocation.CodeSignature},
		{"4.4.5: its name over another key", s.ca, func(ca *mint.Party) []byte { return list(nil).Sign(ca.Using(mint.NewKey(mint.P256))) }, unknown, revocation.CodeSignature},
		{"name written in another string type and case", s.ca, func(ca *mint.Party) []byte {
			l := list(nil)
			l.Issuer = mint.NameOf(mint.RDN(mint.Attr("CN", 0x13, "CENTRE")))
			return l.Sign(ca)
		}, good, ""},
		{"key usage without cRLSign", mute, func(ca *mint.Party) []byte { return list(nil).Sign(ca) }, unknown, revocation.CodeIssuer},
		{"no key usage", plain, func(ca *mint.Party) []byte { return list(nil).Sign(ca) }, good, ""},
		{"key identifier of another key is a hint only", s.ca, func(ca *mint.Party) []byte {
			l := list(nil)
			l.Extensions = []mint.Extension{mint.AKIOf([]byte{1, 2, 3}, nil, nil), mint.CRLNumber(1)}
			return l.Sign(ca)
		}, good, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &scene{root: s.root, ca: tt.ca, leaf: mint.Leaf("leaf", mint.P256, tt.ca)}
			expect(t, kept(t, c.question(t), tt.crl(tt.ca)), tt.status, tt.code)
		})
	}
}

// directory is a Directory of few.
type directory []*cert.Certificate

func (d *directory) Named(key string) (out []*cert.Certificate) {
	for _, c := range *d {
		if c.Subject.Key() == key {
			out = append(out, c)
		}
	}
	return out
}

func (d *directory) Above(list ...*cert.Certificate) (out []*cert.Certificate) {
	for _, c := range list {
		out = append(out, d.Named(c.Issuer.Key())...)
	}
	return out
}

// TestDirectory finds a CRL signer, who stands above it, and a responder in a directory alone.
func TestDirectory(t *testing.T) {
	s := newScene(mint.P256)
	between := mint.CA("between", mint.P256, s.root)
	signer := listKey(s, between)
	responder := mint.Certificate{Subject: mint.CN("responder"), Key: mint.NewKey(mint.P256),
		Extensions: []mint.Extension{mint.KeyUsage(mint.DigitalSignature), mint.EKU(mint.OCSPSigning), mint.NoCheck(), mint.SKI(), mint.AKI()}}.Sign(s.ca)
	known := &directory{parse(t, between.DER), parse(t, signer.DER), parse(t, responder.DER)}
	answer := about(s, mint.StatusGood)
	answer.Certificates, answer.ByName = [][]byte{}, true
	for name, answers := range map[string][][]byte{
		"CRL":  {list(nil).Sign(signer), list(nil).Sign(between), list(nil).Sign(s.root)},
		"OCSP": {answer.Sign(responder)},
	} {
		q := s.question(t)
		expect(t, kept(t, q, answers...), unknown, map[string]string{"CRL": revocation.CodeSignature, "OCSP": revocation.CodeSigner}[name])
		q.Directory = known
		expect(t, kept(t, q, answers...), good, "")
	}
}
