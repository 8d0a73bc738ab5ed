// SPDX-License-Identifier: Apache-2.0

package corpus_test

import (
	"bytes"
	"strings"
	"testing"

	"zaver/signature/cms"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/corpus"
	"zaver/softhsm-fixtures/mint"
)

// TestEveryBitFlipped turns each bit of a signature, alone. Valid it may stay only where nothing is
// signed and nothing is used: in the list of digest algorithms outside the signers (RFC 5652 section 5.1:
// a hint, a wrong one is noted) and in the issuer's name of the signer's identifier, which is compared
// without regard to letter case (RFC 5280 section 7.1) and is bound by signing-certificate-v2; and what
// is reported as signed is the same.
func TestEveryBitFlipped(t *testing.T) {
	in := corpus.NewWorkshop(mint.P256).Small()
	want, err := in.Judge(t.Context())
	if err != nil || want.Verdict != verify.Valid {
		t.Fatal(err, want)
	}
	good, err := cms.Open(in.File, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	free := freeParts(in.File, good)
	stayed := map[string]int{}
	for i := range in.File {
		for bit := range 8 {
			changed := in
			changed.File = bytes.Clone(in.File)
			changed.File[i] ^= 1 << bit
			got, err := changed.Judge(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.Verdict != verify.Valid {
				continue
			}
			part := ""
			for name, p := range free {
				if i >= p[0] && i < p[1] {
					part = name
				}
			}
			s, err := cms.Open(changed.File, cms.Options{})
			if part == "" || err != nil || !bytes.Equal(s.Content, good.Content) || !bytes.Equal(s.Signer.RawSignedAttributes, good.Signer.RawSignedAttributes) {
				t.Errorf("bit %d of octet %d turned (%#x), and it is valid:\n%s", bit, i, in.File[i], strings.Join(got.Details, "\n"))
			}
			stayed[part]++
		}
	}
	t.Logf("%d bits, valid all the same: %v", 8*len(in.File), stayed)
}

// freeParts are the places that nothing binds, from and to.
func freeParts(der []byte, s *cms.SignedData) map[string][2]int {
	behind := bytes.Index(der, s.Certificates[0].Raw) + len(s.Certificates[0].Raw)
	name := behind + bytes.Index(der[behind:], s.Signer.RawIssuer)
	digests := bytes.Index(der, []byte{0x31})
	return map[string][2]int{
		"list of digests":             {digests, bytes.Index(der, s.Content)},
		"issuer's name of the signer": {name, name + len(s.Signer.RawIssuer)},
	}
}
