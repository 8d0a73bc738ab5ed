// SPDX-License-Identifier: Apache-2.0

package gostpeer_test

import (
	"errors"
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/cms"
	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
)

// TestOldData checks what OpenSSL made with keys of R 34.10-2001 and digests of R 34.11-94: it holds when
// old data are asked for, and is refused by that name otherwise.
func TestOldData(t *testing.T) {
	for _, kind := range mint.GOST2001Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, string(kind))
			leaf, between, anchors := read(t, w.leaf.DER), []*cert.Certificate{read(t, w.ca.DER)}, []*cert.Certificate{read(t, w.root.DER)}
			var refused *chain.Error
			if _, err := chain.Build(leaf, between, anchors, time.Now(), chain.Options{}); !errors.As(err, &refused) || refused.Code != chain.CodeLegacy {
				t.Errorf("path: %v", err)
			}
			if _, err := chain.Build(leaf, between, anchors, time.Now(), chain.Options{Legacy: true}); err != nil {
				t.Errorf("old path: %v", err)
			}
			der := w.leaf.SignCMS(gostpeer.CMS{Content: []byte("Документ\n")})
			if signed, err := cms.Open(der, cms.Options{}); err != nil || len(signed.Check()) > 0 || !signed.Signer.Algorithm.Legacy {
				t.Errorf("old signature: %v", err)
			}
			q := revocation.Question{Certificate: leaf, Issuer: between[0], At: time.Now().Add(time.Minute), Anchor: anchors[0]}
			list, answer := w.ca.CRL(), w.ca.OCSP(w.answers, "", w.leaf, w.bad)
			for _, old := range []bool{false, true} {
				for name, answers := range map[string][][]byte{"CRL": {list}, "OCSP": {answer}} {
					r := (&revocation.Archive{Answers: answers, Legacy: old}).Check(t.Context(), q)
					if (r.Status == revocation.Good) != old {
						t.Errorf("%s, old data asked for: %v: %v %v", name, old, r.Status, r.Problems)
					}
				}
			}
		})
	}
}
