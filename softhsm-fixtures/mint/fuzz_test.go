// SPDX-License-Identifier: Apache-2.0

package mint_test

import (
	"bytes"
	"math/big"
	"testing"

	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mint/asn"
)

// FuzzReaders reads what emulators read from outside: requests and keys. Nothing may panic, and what
// was read is what is written again.
func FuzzReaders(f *testing.F) {
	key := mint.NewKey(mint.GOST256TCA)
	party := mint.Party{Name: mint.CN("CA"), Key: key}
	request := asn.Seq(asn.Seq(asn.Seq(asn.Seq(mint.CertID(mint.SHA1, &party, big.NewInt(5)))),
		asn.Explicit(2, asn.Seq(mint.Raw("1.3.6.1.5.5.7.48.1.2", false, asn.Octets([]byte("nonce"))).DER()))))
	f.Add(request)
	f.Add(mint.TSQ{Imprint: asn.Seq(mint.Streebog256.Algorithm(), asn.Octets(make([]byte, 32))), Policy: asn.OID("1.2.3"), Nonce: big.NewInt(-1), WantsCerts: true}.DER())
	f.Add(key.PKCS8())
	f.Fuzz(func(t *testing.T, der []byte) {
		if r, ok := mint.ReadOCSPRequest(der); ok {
			for _, a := range r.Asked {
				if again := a.About(a.Serial); !bytes.Equal(again, a.DER) && len(again) == len(a.DER) && a.Serial.Sign() >= 0 {
					t.Errorf("%x written as %x", a.DER, again)
				}
			}
		}
		if q, ok := mint.ReadTSQ(der); ok && bytes.HasPrefix(der, q.DER()[:2]) {
			if again, ok := mint.ReadTSQ(q.DER()); !ok || !bytes.Equal(again.Imprint, q.Imprint) {
				t.Errorf("%x does not survive", der)
			}
		}
		if k, err := mint.GOSTFromPKCS8(der); err == nil && !bytes.Equal(k.PKCS8(), der) {
			t.Errorf("%x written as %x", der, k.PKCS8())
		}
	})
}
