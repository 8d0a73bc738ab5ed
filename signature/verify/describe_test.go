// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"zaver/signature/verify"
	"zaver/softhsm-fixtures/mint"
)

// A report in JSON says in words which certificates it is about.
func TestDescriptions(t *testing.T) {
	root := mint.Root("Корень", mint.GOST2012256)
	leaf := mint.Certificate{
		Subject: mint.DN("CN=Вера", "SNILS=15847620194"), Key: mint.NewKey(mint.GOST2012512), Serial: big.NewInt(0xabc), Extensions: mint.LeafExtensions(),
	}.Sign(root)
	a := verify.Certificate(t.Context(), parse(t, leaf.DER), terms(t, root.DER))
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Signers []struct{ Certificates []verify.Description }
	}
	if err := json.Unmarshal(b, &got); err != nil || len(got.Signers) != 1 || len(got.Signers[0].Certificates) != 2 {
		t.Fatalf("%v\n%s", err, b)
	}
	one, two := got.Signers[0].Certificates[0], got.Signers[0].Certificates[1]
	if one.Role != verify.RoleSigner || one.Serial != "0abc" || one.Algorithm != "gost2012-256" || one.Key != "gost2012-512, 512" ||
		one.Issuer != "CN=Корень" || len(one.Attributes) != 2 || one.Attributes[1] != (verify.NameAttribute{OID: "1.2.643.100.3", Name: "SNILS", Value: "15847620194"}) {
		t.Errorf("%+v", one)
	}
	if two.Role != verify.RoleAnchor || two.Subject != "CN=Корень" || len(two.SHA256) != 64 || two.NotAfter.IsZero() {
		t.Errorf("%+v", two)
	}
	for n, want := range map[int64]string{0: "00", 1: "01", 255: "ff", 256: "0100", -1: "-01"} {
		c := parse(t, leaf.DER)
		c.Serial = big.NewInt(n)
		if got := verify.SerialText(c); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}
