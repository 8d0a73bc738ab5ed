// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/fakepcscd"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
)

// underT0 is the transport of ISO/IEC 7816-3 section 12.2 before a card: one length octet, which is of the data or of the answer,
// so that a command with data has no room for Le and no extended length exists. A card under it announces its answers.
type underT0 struct{ vpcd.Card }

func (c underT0) Transmit(command []byte) ([]byte, error) {
	if n := len(command); n > 5 && n != 5+int(command[4]) {
		return []byte{0x67, 0x00}, nil
	}
	answer, err := c.Card.Transmit(command)
	if err == nil && len(command) > 5 && len(answer) > 2 {
		return []byte{0x6F, 0x00}, nil // data where there is no room for them
	}
	return answer, err
}

// announcing is a card whose answers are announced, as those of cards under T=0 are, and the algorithm to sign by.
type announcing struct {
	card      vpcd.Card
	algorithm string
}

const t0PIN = "123456"

// announcingCards are one card of each kind.
func announcingCards(t *testing.T) map[string]announcing {
	t.Helper()
	days := func(key *mint.Key) []byte {
		return mint.Certificate{Key: key, Subject: mint.CN("Test"), NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0)}.Sign(nil).DER
	}
	gost, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	universal, err := uec.New(uec.Config{Key: gost, Certificates: [][]byte{days(gost)}, PIN1: "1234", PIN2: t0PIN, KRP: "87654321",
		Holder: uec.Holder{SNILS: "11223344595"}, First: time.Now().AddDate(-1, 0, 0), Last: time.Now().AddDate(1, 0, 0), Greeting: "Привет", GetResponse: true})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]announcing{"UEC": {universal, "gost2012-256"}}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	factors, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"ecdsa-sha256": elliptical, "rsa-sha256": factors} {
		c, err := piv.New(piv.Config{Keys: map[byte]crypto.Signer{piv.DigitalSignature: key}, PIN: t0PIN, PUK: "12345678", GetResponse: true,
			Certificates: map[byte][]byte{piv.DigitalSignature: days(mint.FromSigner(key))}})
		if err != nil {
			t.Fatal(err)
		}
		out["PIV "+name] = announcing{c, name}
	}
	return out
}

// TestSignUnderT0 signs through a reader whose card speaks T=0.
func TestSignUnderT0(t *testing.T) {
	profiles, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := card.ParseTerminal(uec.Shared().NewTerminal(nil).File())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range announcingCards(t) {
		t.Run(name, func(t *testing.T) {
			a := fakepcscd.NewReader(fakepcscd.ReaderOptions{Name: "A", Protocol: fakepcscd.T0})
			serve(t, fakepcscd.Options{}, a)
			c.card.PowerOn()
			a.Insert(underT0{c.card})
			conn, err := service().Connect(t.Context(), "A")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			opened, err := card.Open(t.Context(), conn, conn.ATR(), profiles, card.WithTerminal(terminal))
			if err != nil {
				t.Fatal(err)
			}
			certificate, err := opened.Certificate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			how, err := algo.ByName(c.algorithm)
			if err != nil {
				t.Fatal(err)
			}
			digest := make([]byte, how.Digest.Size)
			signature, err := opened.Sign(t.Context(), pin.New([]byte(t0PIN)), how, digest)
			if err != nil {
				t.Fatal(err)
			}
			if err := certificate.PublicKey.Verify(how, digest, signature); err != nil {
				t.Error(err)
			}
		})
	}
}
