// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
	"zaver/softhsm-fixtures/gostsign"
)

// TestVectors checks the card's side against the vectors that the specification prints.
func TestVectors(t *testing.T) {
	b, err := os.ReadFile("../../cardreader/card/SECURE-MESSAGING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(string(b), "```vectors\n")
	v := map[string][]byte{}
	for line := range strings.Lines(lines) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			v[name] = unhex(t, value)
		}
	}
	d := slices.Clone(v["card.private"])
	slices.Reverse(d)
	own, err := gostsign.FromScalar(keySet(), new(big.Int).SetBytes(d))
	if err != nil {
		t.Fatal(err)
	}
	encryption, mac, ok := sessionKeys(own, v["terminal.public"], slices.Concat(v["random.terminal"], v["random.card"]))
	if !ok || !bytes.Equal(encryption, v["key.encryption"]) || !bytes.Equal(mac, v["key.mac"]) {
		t.Fatalf("keys %X, %X", encryption, mac)
	}
	s := &session{encryption: newCipher(encryption), mac: newCipher(mac), counter: binary.BigEndian.Uint64(v["signature"])}
	if got := s.mac.cmac(v["random.terminal"]); !bytes.Equal(got[:8], v["cryptogram"]) {
		t.Errorf("cryptogram %X", got)
	}
	for _, step := range []string{"tries", "verify", "sign"} {
		sealed, err := apdu.ParseCommand(v[step+".sealed"])
		if err != nil {
			t.Fatal(err)
		}
		inner, word := s.open(sealed)
		if plain, err := inner.Bytes(); err != nil || word != apdu.SWOK || !bytes.Equal(plain, v[step+".plain"]) {
			t.Errorf("%s: opened %X, %s", step, plain, word)
		}
		answer, err := apdu.ParseResponse(v[step+".answer.plain"])
		if err != nil {
			t.Fatal(err)
		}
		if got := s.seal(answer, true, 0).Bytes(); !bytes.Equal(got, v[step+".answer"]) {
			t.Errorf("%s: answered %X", step, got)
		}
	}
}
