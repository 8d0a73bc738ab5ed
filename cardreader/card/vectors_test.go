// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"zaver/cardreader/apdu"
	"zaver/cardreader/cvc"
	"zaver/signature/gost"
	"zaver/signature/gost/kuznyechik"
	"zaver/signature/gost/streebog"
)

// vectors reads the block of vectors in SECURE-MESSAGING.md.
func vectors(t *testing.T) func(name string) []byte {
	t.Helper()
	b, err := os.ReadFile("SECURE-MESSAGING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(b), "```vectors\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("no block of vectors")
	}
	all := map[string][]byte{}
	for line := range strings.Lines(block) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		if all[name], err = hex.DecodeString(value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return func(name string) []byte {
		v, ok := all[name]
		if !ok {
			t.Fatalf("no vector %s", name)
		}
		return v
	}
}

func vectorKey(t *testing.T, raw []byte) *gost.PrivateKey {
	t.Helper()
	key, err := gost.NewPrivateKey(cvc.Curve(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestVectorsOfCertificates(t *testing.T) {
	v := vectors(t)
	for _, who := range []string{"root", "operator", "terminal", "card"} {
		if got := vectorKey(t, v(who+".private")).Public().Bytes(); !bytes.Equal(got, v(who+".public")) {
			t.Errorf("public key of %s: %X", who, got)
		}
	}
	operator, err := cvc.Parse(v("operator.certificate"))
	if err != nil {
		t.Fatal(err)
	}
	own, err := cvc.Parse(v("terminal.certificate"))
	if err != nil {
		t.Fatal(err)
	}
	root := cvc.Authority{Name: []byte("ZAVER-ROOT"), Key: vectorKey(t, v("root.private")).Public()}
	trusted, err := NewTerminal(vectorKey(t, v("terminal.private")), root, operator, own)
	if err != nil {
		t.Fatal(err)
	}
	if !trusted.MaySign() || trusted.Rights() != cvc.ReadHolder|cvc.ChangePIN|cvc.UseSigning {
		t.Errorf("rights %02X", trusted.Rights())
	}
}

func TestVectorsOfTheSession(t *testing.T) {
	v := vectors(t)
	randoms := append(bytes.Clone(v("random.terminal")), v("random.card")...)
	digest := streebog.Sum256(randoms)
	if !bytes.Equal(digest[:], v("digest")) || !bytes.Equal(keyMaterial(randoms), v("ukm")) {
		t.Errorf("digest %X, UKM %X", digest, keyMaterial(randoms))
	}
	terminal, card := vectorKey(t, v("terminal.private")), vectorKey(t, v("card.private"))
	if !terminal.Public().Verify(digest[:], v("signature")) {
		t.Error("the signature does not hold")
	}
	secret, err := terminal.VKO(card.Public(), v("ukm"))
	if err != nil || !bytes.Equal(secret, v("secret")) {
		t.Errorf("secret %X, %v", secret, err)
	}
	// Both sides agree.
	for side, keys := range map[string][2]*gost.PrivateKey{"terminal": {terminal, card}, "card": {card, terminal}} {
		s, err := agree(keys[0], keys[1].Public(), randoms, v("signature"))
		if err != nil {
			t.Fatal(err)
		}
		if *s.encryption != *vectorCipher(t, v("key.encryption")) || *s.mac != *vectorCipher(t, v("key.mac")) {
			t.Errorf("%s: other keys", side)
		}
		if !s.mac.Authentic(v("cryptogram"), v("random.terminal")) {
			t.Errorf("%s: another cryptogram", side)
		}
	}
}

func vectorCipher(t *testing.T, key []byte) *kuznyechik.Cipher {
	t.Helper()
	c, err := kuznyechik.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestVectorsOfCommands(t *testing.T) {
	v := vectors(t)
	randoms := append(bytes.Clone(v("random.terminal")), v("random.card")...)
	s, err := agree(vectorKey(t, v("terminal.private")), vectorKey(t, v("card.private")).Public(), randoms, v("signature"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"tries", "verify", "sign"} {
		wire := &script{answers: [][]byte{v(step + ".answer")}}
		s.once = &link{t: wire, once: true}
		cmd, err := apdu.ParseCommand(v(step + ".plain"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Exchange(t.Context(), cmd)
		if err != nil || !bytes.Equal(r.Bytes(), v(step+".answer.plain")) {
			t.Errorf("%s: %v, %v", step, r, err)
		}
		if sent, err := wire.seen[0].Bytes(); err != nil || !bytes.Equal(sent, v(step+".sealed")) {
			t.Errorf("%s: sent %X", step, sent)
		}
		if !bytes.Equal(counterBlock(s.counter)[8:], v(step+".counter")) {
			t.Errorf("%s: counter %X", step, s.counter)
		}
	}
}
