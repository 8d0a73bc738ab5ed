// SPDX-License-Identifier: Apache-2.0

package gostpeer_test

import (
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/gostpeer"
)

func kinds() []string {
	return []string{"gost256-A", "gost256-B", "gost256-C", "gost256-XA", "gost256-XB", "gost256-TCA", "gost256-TCB", "gost256-TCC", "gost256-TCD",
		"gost512-A", "gost512-B", "gost512-C", "rsa2048", "p256", "p384", "ed25519"}
}

// TestItself has OpenSSL check everything that OpenSSL made, so that a failure elsewhere isn't the peer's.
func TestItself(t *testing.T) {
	content := []byte("Документ\n")
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			p := gostpeer.New(t)
			root := p.Root(kind, "Корень")
			ca := root.Authority(kind, "УЦ")
			leaf, bad := ca.Issue(kind, "", gostpeer.Signer), ca.Issue(kind, "Отозван", gostpeer.Signer)
			ca.Revoke(bad, time.Now().Add(-time.Hour), "keyCompromise")
			lists := [][]byte{root.CRL(), ca.CRL()}
			v := gostpeer.Verifying{Anchors: [][]byte{root.DER}, Untrusted: [][]byte{ca.DER}, CRLs: lists, CheckAll: true}
			if err := p.VerifyCertificate(leaf.DER, v); err != nil {
				t.Error(err)
			}
			if err := p.VerifyCertificate(bad.DER, v); err == nil || !strings.Contains(err.Error(), "revoked") {
				t.Errorf("revoked: %v", err)
			}
			responder := ca.Issue(kind, "OCSP", gostpeer.Responder)
			answer := ca.OCSP(responder, "", leaf, bad)
			out, err := p.VerifyOCSP(answer, ca.DER, gostpeer.Verifying{Anchors: v.Anchors, Untrusted: v.Untrusted}, "", leaf.DER, bad.DER)
			if err != nil || !strings.Contains(out, ": good") || !strings.Contains(out, ": revoked") {
				t.Errorf("%v\n%s", err, out)
			}
			if kind == "ed25519" {
				return // OpenSSL 3.0 makes neither CMS nor timestamps with it
			}
			for name, c := range map[string]gostpeer.CMS{
				"attached": {Content: content}, "detached": {Content: content, Detached: true}, "two": {Content: content, Second: bad}, "key": {Content: content, ByKey: true},
			} {
				var outside []byte
				if c.Detached {
					outside = content
				}
				if err := p.VerifyCMS(leaf.SignCMS(c), outside, gostpeer.Verifying{Anchors: v.Anchors}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			stamper := ca.Issue(kind, "TSA", gostpeer.Stamper)
			query := p.Query(content, gostpeer.Digest(kind))
			if err := p.VerifyStamp(stamper.Stamp(query), query, v); err != nil {
				t.Error(err)
			}
		})
	}
}
