// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"testing"
	"time"

	"zaver/signature/cert"
	"zaver/signature/trust"
	"zaver/softhsm-fixtures/mint"
)

// A set that the portal gives back by its id stands for anchors, and brings the history of
// accreditation along; one that was changed is no set.
func TestKeptSet(t *testing.T) {
	d := newDesk(t)
	root := mint.Root("Root", mint.GOST256A)
	centre := mint.CA("Centre", mint.GOST256A, root)
	leaf := d.file("leaf.cer", mint.Leaf("Leaf", mint.GOST256A, centre).DER)
	parse := func(der []byte) *cert.Certificate {
		c, err := cert.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ended := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	set, err := trust.NewSet([]trust.Anchor{{Certificate: parse(root.DER), Kind: trust.Qualified}},
		trust.Centre{Certificate: parse(centre.DER), Periods: []trust.Period{{Until: ended}}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := set.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	kept := d.file("set.json", b)
	d.want(0, "sig.chain_ok", "chain", leaf, "--anchors", kept, "--at", "2024-06-01")
	d.want(1, "sig.not_accredited", "chain", leaf, "--anchors", kept, "--at", "2025-06-01")
	b[len(b)/2] ^= 1
	d.want(3, "", "chain", leaf, "--anchors", d.file("changed.json", b), "--at", "2024-06-01")
}
