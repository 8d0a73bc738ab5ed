// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"testing"

	"zaver/signature/cert"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/tsl"
)

// Where the list of accredited centres is in force, the root's word for a centre is not enough: it
// certifies others, too.
func TestUnlistedCentre(t *testing.T) {
	r := newRoom(t, pki.P256)
	config, list, err := tsl.FromPKI(r.pki, moment)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := list.Sign(config.Signer)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := trust.OpenList(doc, trust.ListOptions{Set: r.set, At: moment})
	if err != nil {
		t.Fatal(err)
	}
	with, err := r.set.With(opened)
	if err != nil {
		t.Fatal(err)
	}
	unlisted := mint.CA("Unlisted", mint.GOST256A, r.pki.Authority(pki.GOSTRoot).Party())
	leaf := parse(t, mint.Leaf("Leaf", mint.GOST256A, unlisted).DER)
	listed := parse(t, mint.Leaf("Leaf", mint.GOST256A, r.pki.Authority(pki.GOSTCA).Party()).DER)
	for _, c := range []struct {
		name string
		set  *trust.Set
		leaf int
		want bool
	}{{"no list", r.set, 0, false}, {"unlisted", with, 0, true}, {"listed", with, 1, false}} {
		t.Run(c.name, func(t *testing.T) {
			subject := leaf
			if c.leaf == 1 {
				subject = listed
			}
			terms := verify.Terms{At: moment, Set: c.set, Untrusted: parseAll(t, unlisted.DER), Profile: verify.ProfileQualified}
			a := verify.Certificate(t.Context(), subject, terms)
			if got := a.Signers[0].Has(verify.CodeNotAccredited); got != c.want {
				t.Errorf("%s: %+v", c.name, a.Signers[0].Findings)
			}
		})
	}
}

func parseAll(t *testing.T, list ...[]byte) (out []*cert.Certificate) {
	t.Helper()
	for _, der := range list {
		out = append(out, parse(t, der))
	}
	return out
}
