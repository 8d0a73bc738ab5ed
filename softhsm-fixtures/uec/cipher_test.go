// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"encoding/hex"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of GOST R 34.12-2015 appendix A.1 and GOST R 34.13-2015 appendix A.1.6.
func TestCipherIsTheStandards(t *testing.T) {
	k := newCipher(unhex(t, "8899aabbccddeeff0011223344556677fedcba98765432100123456789abcdef"))
	plain := [block]byte(unhex(t, "1122334455667700ffeeddccbbaa9988"))
	got := k.encrypt(plain)
	if hex.EncodeToString(got[:]) != "7f679d90bebc24305a468d42b9d4edcd" {
		t.Errorf("encrypted %x", got)
	}
	if k.decrypt(got) != plain {
		t.Errorf("decrypted %x", k.decrypt(got))
	}
	mac := k.cmac(unhex(t, "1122334455667700ffeeddccbbaa998800112233445566778899aabbcceeff0a112233445566778899aabbcceeff0a002233445566778899aabbcceeff0a0011"))
	if hex.EncodeToString(mac[:8]) != "336f4d296059fbe3" {
		t.Errorf("MAC %x", mac)
	}
}
