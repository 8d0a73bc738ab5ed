// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"zaver/cardreader/card"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/chip"
	"zaver/softhsm-fixtures/piv"
)

const (
	pivPIN = "123456"
	pivPUK = "12345678"
)

// chipCarrier carries commands to a virtual card without a reader, and
// remembers where each of them lay.
type chipCarrier struct {
	card   *piv.Card
	seen   []witness
	resets int
}

func (c *chipCarrier) Transmit(_ context.Context, command []byte) ([]byte, error) {
	c.seen = append(c.seen, see(command))
	answer, err := c.card.Transmit(command)
	if errors.Is(err, chip.ErrPulled) {
		return nil, &card.Error{Reason: card.Removed, Op: "transmit", Cause: err}
	}
	return answer, err
}

func (c *chipCarrier) Lock(context.Context) (func(bool) error, error) {
	return func(reset bool) error {
		if reset {
			c.resets++
			c.card.Reset()
		}
		return nil
	}, nil
}

// pivKeys are made once: RSA takes its time.
var pivKeys = sync.OnceValue(func() map[string]crypto.Signer {
	p256, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, err2 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	rsa2048, err3 := rsa.GenerateKey(rand.Reader, 2048)
	rsa3072, err4 := rsa.GenerateKey(rand.Reader, 3072)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"P-256": p256, "P-384": p384, "RSA-2048": rsa2048, "RSA-3072": rsa3072}
})

func pivCertificate(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Test"},
		NotBefore: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// newPIV makes a virtual PIV card under power, and its certificate.
func newPIV(t testing.TB, kind string, change func(*piv.Config)) (*piv.Card, []byte) {
	t.Helper()
	key := pivKeys()[kind]
	der := pivCertificate(t, key)
	cfg := piv.Config{PIN: pivPIN, PUK: pivPUK, Keys: map[byte]crypto.Signer{piv.DigitalSignature: key},
		Certificates: map[byte][]byte{piv.DigitalSignature: der}}
	if change != nil {
		change(&cfg)
	}
	c, err := piv.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.PowerOn()
	return c, der
}

func openPIV(t testing.TB, v *piv.Card) (*card.Card, *chipCarrier) {
	t.Helper()
	all, err := card.BuiltinProfiles()
	if err != nil {
		t.Fatal(err)
	}
	link := &chipCarrier{card: v}
	c, err := card.Open(t.Context(), link, v.ATR(), all)
	if err != nil {
		t.Fatal(err)
	}
	if c.Profile().Name != "piv" || c.Profile().Kind != card.KindSignature {
		t.Fatalf("the profile is %s", c.Profile().Name)
	}
	return c, link
}

func algorithm(t testing.TB, name string) algo.Algorithm {
	t.Helper()
	a, err := algo.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var pivAlgorithms = map[string]string{"P-256": "ecdsa-sha256", "P-384": "ecdsa-sha384", "RSA-2048": "rsa-sha256", "RSA-3072": "rsa-sha256"}

// TestPIV reads the certificate and signs, with each kind of key and each way
// of giving answers.
func TestPIV(t *testing.T) {
	for kind, name := range pivAlgorithms {
		for way, change := range map[string]func(*piv.Config){
			"T=1": nil, "T=0": func(c *piv.Config) { c.GetResponse = true }, "compressed": func(c *piv.Config) { c.Compress = true },
		} {
			t.Run(kind+" "+way, func(t *testing.T) {
				v, der := newPIV(t, kind, change)
				c, link := openPIV(t, v)
				got, err := c.Certificates(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != 1 || !bytes.Equal(got[0].Raw, der) {
					t.Fatal("another certificate came")
				}
				if link.resets != 0 {
					t.Error("the card was reset for a public object")
				}
				a := algorithm(t, name)
				digest := a.Digest.Sum([]byte("statement"))
				for range 4 {
					signature, err := c.Sign(t.Context(), newPIN(pivPIN), a, digest)
					if err != nil {
						t.Fatal(err)
					}
					if err := got[0].PublicKey.Verify(a, digest, signature); err != nil {
						t.Error(err)
					}
				}
				if link.resets != 4 {
					t.Errorf("%d resets: a verified PIN must not stay behind", link.resets)
				}
			})
		}
	}
}

// TestPIVShowsThePINRightBeforeTheSignature: key 9C takes nothing in between.
func TestPIVShowsThePINRightBeforeTheSignature(t *testing.T) {
	v, _ := newPIV(t, "P-256", nil)
	c, _ := openPIV(t, v)
	if _, err := c.Certificate(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := len(v.Commands())
	if _, err := c.Sign(t.Context(), newPIN(pivPIN), algorithm(t, "ecdsa-sha256"), digestOf256("x")); err != nil {
		t.Fatal(err)
	}
	if got, want := v.Commands()[before:], []byte{0xA4, 0x20, 0x20, 0x87}; !bytes.Equal(got, want) {
		t.Errorf("commands %X, want %X", got, want)
	}
}

func digestOf256(s string) []byte {
	a, err := algo.ByName("ecdsa-sha256")
	if err != nil {
		panic(err)
	}
	return a.Digest.Sum([]byte(s))
}

func TestPIVHasNoHolder(t *testing.T) {
	v, _ := newPIV(t, "P-256", nil)
	c, _ := openPIV(t, v)
	before := len(v.Commands())
	_, err := c.ReadHolder(t.Context(), newPIN(pivPIN))
	wantCard(t, err, card.Unsupported)
	if len(v.Commands()) != before || v.Tries(piv.PIN) != 3 {
		t.Error("the card was asked")
	}
}

// TestPIVCertificateFaults: what stands in the container.
func TestPIVCertificateFaults(t *testing.T) {
	_, der := newPIV(t, "P-256", nil)
	container := func(parts ...[]byte) []byte { return append(tlv(0x53, parts...), 0x90, 0x00) }
	tests := []struct {
		name   string
		answer []byte
		reason card.Reason
	}{
		{"no object", []byte{0x6A, 0x82}, card.NoCertificate},
		{"no reference", []byte{0x6A, 0x88}, card.NoCertificate},
		{"empty answer", []byte{0x90, 0x00}, card.NoCertificate},
		{"empty container", []byte{0x53, 0x00, 0x90, 0x00}, card.NoCertificate},
		{"empty certificate", container(tlv(0x70), tlv(0x71, []byte{0}), tlv(0xFE)), card.NoCertificate},
		{"no certificate in it", container(tlv(0x71, []byte{0}), tlv(0xFE)), card.NoCertificate},
		{"padding", container(tlv(0x70, []byte{0xFF, 0xFF})), card.NoCertificate},
		{"after the PIN", []byte{0x69, 0x82}, card.Protocol},
		{"no GET DATA", []byte{0x6D, 0x00}, card.Protocol},
		{"fault", []byte{0x6F, 0x00}, card.Protocol},
		{"cut container", []byte{0x53, 0x10, 0x70, 0x00, 0x90, 0x00}, card.Protocol},
		{"cut certificate", container([]byte{0x70, 0x05, 0x30}), card.Protocol},
		{"not DER", container(tlv(0x70, []byte("hello"))), card.Protocol},
		{"half a certificate", container(tlv(0x70, der[:len(der)/2])), card.Protocol},
		{"flag without compression", container(tlv(0x70, der), tlv(0x71, []byte{1})), card.Protocol},
		{"compression without flag", container(tlv(0x70, gzipped(der)), tlv(0x71, []byte{0})), card.Protocol},
		{"cut compression", container(tlv(0x70, gzipped(der)[:40]), tlv(0x71, []byte{1})), card.Protocol},
		{"bomb", container(tlv(0x70, gzipped(make([]byte, 10<<20))), tlv(0x71, []byte{1})), card.Protocol},
		{"longer than the profile allows", container(tlv(0x70, make([]byte, 17000))), card.Protocol},
		{"one byte", []byte{0x90}, card.Protocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := newPIV(t, "P-256", nil)
			c, _ := openPIV(t, v)
			v.Inject(chip.Fault{INS: 0xCB, Action: chip.Answer, Answer: tt.answer})
			_, err := c.Certificate(t.Context())
			wantCard(t, err, tt.reason)
			if _, err := c.Certificate(t.Context()); err != nil {
				t.Errorf("a failure is remembered: %v", err)
			}
		})
	}
	t.Run("flags of no meaning", func(t *testing.T) {
		for _, flag := range [][]byte{tlv(0x71, []byte{0}), tlv(0x71), nil, tlv(0x71, []byte{2})} {
			v, _ := newPIV(t, "P-256", nil)
			c, _ := openPIV(t, v)
			v.Inject(chip.Fault{INS: 0xCB, Action: chip.Answer, Answer: container(tlv(0x70, der), flag)})
			if _, err := c.Certificate(t.Context()); err != nil {
				t.Errorf("flag %X: %v", flag, err)
			}
		}
	})
	t.Run("pulled", func(t *testing.T) {
		v, _ := newPIV(t, "P-256", nil)
		c, _ := openPIV(t, v)
		v.Inject(chip.Fault{INS: 0xCB, Action: chip.PullBefore})
		_, err := c.Certificate(t.Context())
		wantCard(t, err, card.Removed)
	})
	t.Run("none on the card", func(t *testing.T) {
		v, _ := newPIV(t, "P-256", func(c *piv.Config) { c.Certificates = nil })
		c, _ := openPIV(t, v)
		_, err := c.Certificate(t.Context())
		wantCard(t, err, card.NoCertificate)
		_, err = c.Sign(t.Context(), newPIN(pivPIN), algorithm(t, "ecdsa-sha256"), digestOf256("x"))
		wantCard(t, err, card.NoCertificate)
		if v.Tries(piv.PIN) != 3 {
			t.Error("a try was spent")
		}
	})
}

// TestPIVSignFaults: answers to GENERAL AUTHENTICATE that are no signature.
func TestPIVSignFaults(t *testing.T) {
	answer := func(content ...[]byte) []byte { return append(tlv(0x7C, content...), 0x90, 0x00) }
	number := func(b ...byte) []byte { return tlv(0x02, b) }
	for _, tt := range []struct {
		name   string
		kind   string
		answer []byte
	}{
		{"nothing", "P-256", []byte{0x90, 0x00}},
		{"no template", "P-256", append(tlv(0x82, []byte{1}), 0x90, 0x00)},
		{"no response", "P-256", answer(tlv(0x81, []byte{1}))},
		{"cut", "P-256", []byte{0x7C, 0x10, 0x82, 0x90, 0x00}},
		{"empty", "P-256", answer(tlv(0x82))},
		{"no DER", "P-256", answer(tlv(0x82, []byte("hello")))},
		{"one number", "P-256", answer(tlv(0x82, tlv(0x30, number(1))))},
		{"three numbers", "P-256", answer(tlv(0x82, tlv(0x30, number(1), number(1), number(1))))},
		{"zero r", "P-256", answer(tlv(0x82, tlv(0x30, number(0), number(1))))},
		{"zero s", "P-256", answer(tlv(0x82, tlv(0x30, number(1), number(0))))},
		{"negative", "P-256", answer(tlv(0x82, tlv(0x30, number(0x80), number(1))))},
		{"too long", "P-256", answer(tlv(0x82, tlv(0x30, number(append([]byte{1}, make([]byte, 32)...)...), number(1))))},
		{"more behind", "P-256", answer(tlv(0x82, append(tlv(0x30, number(1), number(1)), 0)))},
		{"not minimal", "P-256", answer(tlv(0x82, tlv(0x30, number(0, 1), number(1))))},
		{"refused", "P-256", []byte{0x69, 0x82}},
		{"another key", "P-256", []byte{0x6A, 0x86}},
		{"fault", "P-256", []byte{0x64, 0x00}},
		{"short RSA", "RSA-2048", answer(tlv(0x82, make([]byte, 255)))},
		{"long RSA", "RSA-2048", answer(tlv(0x82, make([]byte, 257)))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := newPIV(t, tt.kind, nil)
			c, link := openPIV(t, v)
			v.Inject(chip.Fault{INS: 0x87, Action: chip.Answer, Answer: tt.answer}) // of a chain the first part
			if tt.kind != "P-256" {
				v.Heal()
				v.Inject(chip.Fault{INS: 0x87, Action: chip.Answer, Answer: []byte{0x90, 0}}, chip.Fault{INS: 0x87, Action: chip.Answer, Answer: tt.answer})
			}
			a := algorithm(t, pivAlgorithms[tt.kind])
			signature, err := c.Sign(t.Context(), newPIN(pivPIN), a, a.Digest.Sum(nil))
			wantCard(t, err, card.Protocol)
			if signature != nil || link.resets != 1 {
				t.Errorf("signature %X, %d resets", signature, link.resets)
			}
		})
	}
	for name, fault := range map[string]chip.Fault{
		"at SELECT": {INS: 0xA4, Action: chip.PullBefore}, "before the PIN": {INS: 0x20, Data: true, Action: chip.PullBefore},
		"after the PIN": {INS: 0x20, Data: true, Action: chip.PullAfter}, "before the signature": {INS: 0x87, Action: chip.PullBefore}, "after it": {INS: 0x87, Action: chip.PullAfter},
	} {
		t.Run("pulled "+name, func(t *testing.T) {
			v, _ := newPIV(t, "P-256", nil)
			c, _ := openPIV(t, v)
			if _, err := c.Certificate(t.Context()); err != nil {
				t.Fatal(err)
			}
			v.Inject(fault)
			_, err := c.Sign(t.Context(), newPIN(pivPIN), algorithm(t, "ecdsa-sha256"), digestOf256("x"))
			wantCard(t, err, card.Removed)
			if v.Tries(piv.PIN) != 3 {
				t.Errorf("%d tries left after a pull", v.Tries(piv.PIN))
			}
		})
	}
}

func TestPIVSignRefuses(t *testing.T) {
	for name, kind := range map[string]string{"ecdsa-sha384": "P-256", "ecdsa-sha256": "P-384", "rsa-sha256": "P-256", "rsa-sha512": "RSA-2048", "gost2012-256": "P-256"} {
		t.Run(name+" by "+kind, func(t *testing.T) {
			a := algorithm(t, name)
			v, _ := newPIV(t, kind, nil)
			c, _ := openPIV(t, v)
			_, err := c.Sign(t.Context(), newPIN(pivPIN), a, make([]byte, a.Digest.Size))
			wantCard(t, err, card.Unsupported)
			if bytes.Contains(v.Commands(), []byte{0x20}) {
				t.Error("a PIN was shown")
			}
		})
	}
}

func TestPIVBuffersAreWiped(t *testing.T) {
	v, _ := newPIV(t, "RSA-2048", nil)
	c, link := openPIV(t, v)
	a := algorithm(t, "rsa-sha256")
	if _, err := c.Sign(t.Context(), newPIN(pivPIN), a, a.Digest.Sum(nil)); err != nil {
		t.Fatal(err)
	}
	if err := c.ChangePIN(t.Context(), "PIN", newPIN(pivPIN), newPIN("777777")); err != nil {
		t.Fatal(err)
	}
	if err := c.UnblockPIN(t.Context(), "PIN", newPIN(pivPUK), newPIN("888888")); err != nil {
		t.Fatal(err)
	}
	wiped(t, link.seen)
}

// TestPIVTriesOfOthers: where another program left the PIN verified the card
// tells no number, and none is made up.
func TestPIVTriesOfOthers(t *testing.T) {
	v, _ := newPIV(t, "P-256", nil)
	c, _ := openPIV(t, v)
	for _, command := range []string{"\x00\xA4\x04\x00\x09\xA0\x00\x00\x03\x08\x00\x00\x10\x00\x00", "\x00\x20\x00\x80\x08123456\xFF\xFF"} {
		if _, err := v.Transmit([]byte(command)); err != nil {
			t.Fatal(err)
		}
	}
	if tries, err := c.Tries(t.Context(), "PIN"); err != nil || tries != pin.Unknown() {
		t.Errorf("%v, %v", tries, err)
	}
	v.Reset()
	if tries, err := c.Tries(t.Context(), "PIN"); err != nil || tries != pin.Left(3) {
		t.Errorf("%v, %v", tries, err)
	}
	if tries, err := c.Tries(t.Context(), "PUK"); err != nil || tries != pin.Unknown() {
		t.Errorf("PUK: %v, %v", tries, err)
	}
}
