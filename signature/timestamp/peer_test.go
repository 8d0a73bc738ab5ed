// SPDX-License-Identifier: Apache-2.0

package timestamp_test

import (
	"math/big"
	"testing"
	"time"

	"zaver/signature/algo"
	"zaver/signature/timestamp"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
)

// TestOpenSSLStamps has OpenSSL answer our requests, and reads what it says.
func TestOpenSSLStamps(t *testing.T) {
	peer := gostpeer.New(t)
	for _, k := range []mint.Kind{mint.RSA2048, mint.P256, mint.GOST256A, mint.GOST256TCA, mint.GOST512A} {
		root := peer.Root(string(k), "Корень")
		tsa := root.Issue(string(k), "Время", gostpeer.Stamper)
		for _, d := range []algo.Digest{algo.SHA256, algo.Streebog256, algo.Streebog512} {
			r := timestamp.Request{Imprint: timestamp.ImprintOf(d, message), Nonce: big.NewInt(0x1234567890), Certificates: true}
			query, err := r.Encode()
			if err != nil {
				t.Fatal(err)
			}
			der := tsa.Stamp(query)
			answer, err := timestamp.ParseResponse(der)
			if err != nil || answer.Err() != nil {
				t.Errorf("%s %s: %v", k, d.Name, err)
				continue
			}
			if p := answer.Token.Check(timestamp.Question{Message: message, Nonce: r.Nonce}); len(p) > 0 {
				t.Errorf("%s %s: %v", k, d.Name, p)
			}
			if age := time.Since(answer.Token.Time); age < -time.Minute || age > time.Minute {
				t.Errorf("%s %s: time %v", k, d.Name, answer.Token.Time)
			}
			if err := peer.VerifyStamp(der, query, gostpeer.Verifying{Anchors: [][]byte{root.DER}}); err != nil {
				t.Errorf("%s %s: OpenSSL on its own answer to our request: %v", k, d.Name, err)
			}
		}
	}
}
