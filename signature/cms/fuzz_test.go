// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto/elliptic"
	"errors"
	"slices"
	"testing"

	"zaver/signature/internal/der"
)

// FuzzParse proves that no bytes take the parser out of its bounds, that each
// refusal is typed, and that what holds was signed by this key over these bytes.
func FuzzParse(f *testing.F) {
	p := ecParty(f, elliptic.P256())
	good := sign(f, p.request())
	f.Add(good)
	f.Add(sign(f, rsaParty(f, 2048).request()))
	for _, v := range slices.Concat(outside, signers, attributes, fine) {
		if v.want == codeTooLarge {
			continue
		}
		forged := &forge{f, p.key, parseTree(f, good)}
		v.edit(forged)
		f.Add(forged.root.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			var problem *Problem
			if !errors.As(err, &problem) || !slices.Contains(Codes(), problem.Code) || s != nil {
				t.Fatalf("untyped refusal %v", err)
			}
			return
		}
		if !bytes.Equal(s.Raw, b) || der.Valid(s.Signer.RawSignedAttributes) != nil || len(s.Signer.SigningCertificate) == 0 {
			t.Fatal("a part is missing")
		}
		for _, problem := range s.Check() {
			if !slices.Contains(Codes(), problem.Code) {
				t.Fatalf("unknown code %s", problem.Code)
			}
		}
		if len(s.Check()) == 0 && s.SignerCertificate().Equal(p.leaf) && !bytes.Equal(s.Content, content) {
			t.Fatal("other content holds under the key of the test")
		}
	})
}
