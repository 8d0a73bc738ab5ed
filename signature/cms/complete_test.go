// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"testing"
)

// TestWithCertificates adds the issuer to a signature that holds the signer alone: it is then byte for byte what a signer
// with the issuer at hand would have sent, and adding again changes nothing.
func TestWithCertificates(t *testing.T) {
	for name, p := range parties(t) {
		bare := p.request()
		bare.Chain = nil
		b := sign(t, bare)
		full, err := WithCertificates(b, p.root)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s, err := Parse(full)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if problems := s.Check(); len(problems) > 0 || len(s.Certificates) != 2 {
			t.Errorf("%s: %d certificates, problems %v", name, len(s.Certificates), problems)
		}
		before, err := Parse(b)
		if err != nil || !bytes.Equal(before.Content, s.Content) {
			t.Errorf("%s: the content changed (%v)", name, err)
		}
		if again, err := WithCertificates(full, p.root, p.leaf); err != nil || !bytes.Equal(again, full) {
			t.Errorf("%s: adding twice changes the signature (%v)", name, err)
		}
		if out, err := func() (string, error) {
			k := newBench(t, p)
			k.write("sig.der", full)
			return k.openssl("cms -verify -cades -inform DER -in sig.der -CAfile root.pem -out got")
		}(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if _, err := WithCertificates([]byte("no signature")); err == nil {
		t.Error("certificates were added to no signature")
	}
}
