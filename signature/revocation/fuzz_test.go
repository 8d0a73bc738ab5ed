// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"encoding/binary"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/pki"
)

// seeds are true and false answers about one revoked certificate.
func seeds(f *testing.F, make func(*pki.Authority, pki.Fault) ([]byte, error)) (c, issuer *cert.Certificate) {
	f.Helper()
	p := start(f, pki.Config{})
	c, issuer, id := pair(f, p, pki.Order{Variant: pki.Revoked})
	request, err := revocation.NewRequest(c, issuer, nil)
	if err != nil {
		f.Fatal(err)
	}
	a := p.Authority(id.Authority)
	more := newScene(mint.P256)
	for _, der := range shapes(more) {
		f.Add(der)
	}
	for _, fault := range []pki.Fault{pki.None, pki.Stale, pki.WrongSigner, pki.WrongCertificate, pki.NoRight, pki.Critical, pki.TryLater, pki.Unknown} {
		var der []byte
		if make != nil {
			der, err = make(a, fault)
		} else {
			der, err = a.MakeOCSP(request, fault)
		}
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	return c, issuer
}

// neverGood is what must hold for any bytes about a revoked certificate: they are refused with a
// code, or say revoked; nothing an attacker sends makes it good.
func neverGood(t *testing.T, r revocation.Result, err error) {
	t.Helper()
	if err != nil {
		if code := problemCode(t, err); code == "" || r.Status != revocation.Unknown {
			t.Fatalf("%s with error %v", r.Status, err)
		}
		return
	}
	if r.Status != revocation.Revoked {
		t.Fatalf("status %s", r.Status)
	}
}

// shapes are CRLs and responses about the leaf of a scene that exercise what pki does not make: points,
// reasons, indirect and delta CRLs, responders, nonces. All of them say revoked, or nothing.
func shapes(s *scene) [][]byte {
	one := mint.URI("http://example.org/one.crl")
	ours := mint.CertificateIssuer(mint.Dir(s.ca.Name))
	bad := since(s.leaf, hour, mint.ReasonCode(1), mint.InvalidityDate(moment.Add(-2*hour)))
	answer := about(s, mint.StatusRevoked, mint.ReasonCode(1))
	answer.Nonce = []byte("nonce")
	named := about(s, mint.StatusRevoked)
	named.ByName = true
	return [][]byte{
		list(bad).Sign(s.ca),
		list(bad, mint.IDP{FullName: []mint.GeneralName{one}, OnlyUsers: true, Reasons: []int{1, 2}}.Extension()).Sign(s.ca),
		list(append([]mint.Entry{mint.Revoked(number(7), moment, ours)}, bad...), mint.IDP{Indirect: true}.Extension()).Sign(s.ca),
		numbered(5, bad, mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{one}})).Sign(s.ca),
		numbered(6, bad, mint.DeltaIndicator(5)).Sign(s.ca),
		mint.CRL{Version: 1, Extensions: []mint.Extension{}, ThisUpdate: moment, NextUpdate: moment.Add(hour), Entries: since(s.leaf, hour)}.Sign(s.ca),
		answer.Sign(s.ca), named.Sign(responder(s.ca)), answer.Basic(s.ca), mint.OCSPError(3),
	}
}

// FuzzArchive gives an archive two answers about a revoked certificate, of which one or both were made
// by chance. The first 4 bytes say where the second begins.
func FuzzArchive(f *testing.F) {
	s := newScene(mint.P256)
	q := s.question(f)
	q.Now = moment.Add(hour)
	all := shapes(s)
	for i, x := range all {
		y := all[(i+1)%len(all)]
		f.Add(append(append(binary.BigEndian.AppendUint32(nil, uint32(len(x))), x...), y...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 4 {
			return
		}
		cut := min(int(binary.BigEndian.Uint32(b)), len(b)-4)
		a := &revocation.Archive{Answers: [][]byte{b[4 : 4+cut], b[4+cut:]}}
		r := a.Check(t.Context(), q)
		if r.Status == good {
			t.Fatalf("good by %x", r.Raw)
		}
		if r.Status == unknown && (len(r.Problems) == 0 || len(r.Raw) > 0) {
			t.Fatalf("%+v", r)
		}
	})
}

func FuzzOCSP(f *testing.F) {
	c, issuer := seeds(f, nil)
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := revocation.EvaluateOCSP(der, ask(c, issuer, moment), time.Minute)
		neverGood(t, r, err)
	})
}

func FuzzCRL(f *testing.F) {
	c, issuer := seeds(f, (*pki.Authority).MakeCRL)
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := revocation.EvaluateCRL(der, ask(c, issuer, moment), time.Minute)
		neverGood(t, r, err)
	})
}
