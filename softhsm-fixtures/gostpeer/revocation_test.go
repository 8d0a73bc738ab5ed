// SPDX-License-Identifier: Apache-2.0

package gostpeer_test

import (
	"strings"
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
)

// TestTheirRevocation judges with our package the CRLs and OCSP answers that OpenSSL made: by the
// centre and by a responder of its own, naming certificates by several digests.
func TestTheirRevocation(t *testing.T) {
	for _, kind := range append(gostNames(), "rsa2048", "p256") {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t, kind)
			now := time.Now()
			question := func(h *gostpeer.Holder) revocation.Question {
				return revocation.Question{Certificate: read(t, h.DER), Issuer: read(t, w.ca.DER), At: now.Add(time.Minute), Anchor: read(t, w.root.DER)}
			}
			judge := func(what string, evaluate func(revocation.Question) (revocation.Result, error)) {
				t.Helper()
				if r, err := evaluate(question(w.leaf)); err != nil || r.Status != revocation.Good {
					t.Errorf("%s: good certificate: %v %v", what, r.Status, err)
				}
				if r, err := evaluate(question(w.bad)); err != nil || r.Status != revocation.Revoked || r.Reason != 1 {
					t.Errorf("%s: revoked certificate: %v reason %d %v", what, r.Status, r.Reason, err)
				}
				other := question(w.leaf)
				other.Certificate, other.Issuer = read(t, w.ca.DER), read(t, w.root.DER)
				if r, err := evaluate(other); err == nil || r.Status != revocation.Unknown {
					t.Errorf("%s: says something about a certificate of another issuer: %v", what, r.Status)
				}
			}
			list := w.ca.CRL()
			judge("CRL", func(q revocation.Question) (revocation.Result, error) {
				return revocation.EvaluateCRL(list, q, revocation.DefaultSkew)
			})
			for name, answer := range map[string][]byte{
				"by a responder":     w.ca.OCSP(w.answers, "", w.leaf, w.bad),
				"by the centre":      w.ca.OCSP(&w.ca.Holder, "", w.leaf, w.bad),
				"named by SHA-256":   w.ca.OCSP(w.answers, "sha256", w.leaf, w.bad),
				"named by Streebog":  w.ca.OCSP(w.answers, "md_gost12_256", w.leaf, w.bad),
				"named by the other": w.ca.OCSP(w.answers, "md_gost12_512", w.bad, w.leaf),
			} {
				judge("OCSP "+name, func(q revocation.Question) (revocation.Result, error) {
					return revocation.EvaluateOCSP(answer, q, revocation.DefaultSkew)
				})
			}
			if r, err := revocation.EvaluateOCSP(w.ca.OCSP(w.tsa, "", w.leaf), question(w.leaf), revocation.DefaultSkew); err == nil {
				t.Errorf("an answer by a certificate without the right counts: %v", r.Status)
			}
		})
	}
}

// TestOurRequests has the responder of package pki and that of OpenSSL answer the checker's requests.
func TestOurRequests(t *testing.T) {
	for _, kind := range pki.GOSTKinds() {
		t.Run(kind.String(), func(t *testing.T) {
			p, err := pki.Start(pki.Config{Keys: kind})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Close() })
			checker := revocation.NewChecker(revocation.Config{MaxCache: -1, Timeout: time.Minute})
			for variant, want := range map[pki.Variant]revocation.Status{pki.Good: revocation.Good, pki.Revoked: revocation.Revoked} {
				id, err := p.Make(pki.Order{Person: people.TokenHolder(), Variant: variant, Keys: kind})
				if err != nil {
					t.Fatal(err)
				}
				for _, fault := range []pki.Fault{pki.None, pki.WrongSigner} { // the second time the CRL answers
					p.Authority(pki.CA).SetFault(pki.OCSP, fault)
					q := revocation.Question{Certificate: read(t, id.DER), Issuer: read(t, id.Chain[0]), At: time.Now(), Anchor: read(t, id.Chain[1])}
					r := checker.Check(t.Context(), q)
					if r.Status != want || fault == pki.None && r.Source != revocation.SourceOCSP || fault != pki.None && r.Source != revocation.SourceCRL {
						t.Errorf("%s %s: %v by %s, %v", variant, fault, r.Status, r.Source, r.Problems)
					}
				}
				p.Authority(pki.CA).ClearFaults()
				peer := gostpeer.New(t)
				out, err := peer.Run("ocsp", "-issuer", peer.File(p.Authority(pki.CA).PEM()), "-md_gost12_256", "-cert", peer.File(id.PEM()),
					"-url", p.Authority(pki.CA).OCSPURL(), "-no-CApath", "-CAfile", peer.File(p.Authority(pki.Root).PEM()), "-verify_other", peer.File(p.Authority(pki.CA).PEM()))
				if err != nil || !strings.Contains(out, "Response verify OK") || !strings.Contains(out, ": "+string(want)) || strings.Contains(out, "no nonce") {
					t.Errorf("OpenSSL asks: %v\n%s", err, out)
				}
			}
		})
	}
}
