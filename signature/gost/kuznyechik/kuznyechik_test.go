// SPDX-License-Identifier: Apache-2.0

package kuznyechik_test

import (
	"bytes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"testing"

	"zaver/signature/gost/kuznyechik"
)

// The key and the message of the examples of both standards.
const (
	key     = "8899aabbccddeeff0011223344556677fedcba98765432100123456789abcdef"
	message = "1122334455667700ffeeddccbbaa998800112233445566778899aabbcceeff0a112233445566778899aabbcceeff0a002233445566778899aabbcceeff0a0011"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func under(t testing.TB, key []byte) *kuznyechik.Cipher {
	t.Helper()
	c, err := kuznyechik.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBlocks(t *testing.T) {
	for _, tc := range []struct{ name, plain, want string }{
		{"RFC 7801 section 5.5", "1122334455667700ffeeddccbbaa9988", "7f679d90bebc24305a468d42b9d4edcd"},
		{"GOST R 34.13 A.1.1, second", "00112233445566778899aabbcceeff0a", "b429912c6e0032f9285452d76718d08b"},
		{"GOST R 34.13 A.1.1, third", "112233445566778899aabbcceeff0a00", "f0ca33549d247ceef3f5a5313bd4b157"},
		{"GOST R 34.13 A.1.1, fourth", "2233445566778899aabbcceeff0a0011", "d0b09ccde830b9eb3a02c4c5aa8ada98"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := under(t, octets(t, key))
			b := octets(t, tc.plain)
			c.Encrypt(b, b)
			if got := hex.EncodeToString(b); got != tc.want {
				t.Errorf("encrypted %s, want %s", got, tc.want)
			}
			c.Decrypt(b, b)
			if got := hex.EncodeToString(b); got != tc.plain {
				t.Errorf("decrypted %s, want %s", got, tc.plain)
			}
		})
	}
}

func TestCBCExamples(t *testing.T) {
	c := under(t, octets(t, key))
	for _, tc := range []struct{ name, iv, want string }{{
		"GOST R 34.13 A.1.4", "1234567890abcef0a1b2c3d4e5f0011223344556677889901213141516171819",
		"689972d4a085fa4d90e52e3d6d7dcc272826e661b478eca6af1e8e448d5ea5acfe7babf1e91999e85640e8b0f49d90d0167688065a895c631a2d9a1560b63970",
	}, {
		"register of one block", "1234567890abcef0a1b2c3d4e5f00112",
		"689972d4a085fa4d90e52e3d6d7dcc27abf170b2b226c3010ccfa136d659cdaaca719272ab1d438e15507d521ecd5522e01108ff8d9d3a6d8ca2a533fa614e71",
	}} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := c.EncryptCBC(octets(t, tc.iv), octets(t, message))
			if err != nil || hex.EncodeToString(got) != tc.want {
				t.Errorf("encrypted %x (%v), want %s", got, err, tc.want)
			}
			got, err = c.DecryptCBC(octets(t, tc.iv), got)
			if err != nil || hex.EncodeToString(got) != message {
				t.Errorf("decrypted %x (%v)", got, err)
			}
		})
	}
}

// TestCBCIsTheUsualOne holds a register of one block against the standard library.
func TestCBCIsTheUsualOne(t *testing.T) {
	c, iv, plain := under(t, octets(t, key)), bytes.Repeat([]byte{9}, 16), octets(t, message)
	want := make([]byte, len(plain))
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(want, plain)
	if got, err := c.EncryptCBC(iv, plain); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x (%v), want %x", got, err, want)
	}
	cipher.NewCBCDecrypter(c, iv).CryptBlocks(want, plain)
	if got, err := c.DecryptCBC(iv, plain); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x (%v), want %x", got, err, want)
	}
}

func TestCTRExample(t *testing.T) {
	c := under(t, octets(t, key))
	const want = "f195d8bec10ed1dbd57b5fa240bda1b885eee733f6a13e5df33ce4b33c45dee4a5eae88be6356ed3d5e877f13564a3a5cb91fab1f20cbab6d1c6d15820bdba73"
	for _, step := range []int{1, 7, 16, 64} {
		stream, err := c.CTR(octets(t, "1234567890abcef0"))
		if err != nil {
			t.Fatal(err)
		}
		b := octets(t, message)
		for i := 0; i < len(b); i += step {
			part := b[i:min(i+step, len(b))]
			stream.XORKeyStream(part, part)
		}
		if got := hex.EncodeToString(b); got != want {
			t.Errorf("in pieces of %d: %s, want %s", step, got, want)
		}
	}
}

func TestMACExample(t *testing.T) {
	c, m := under(t, octets(t, key)), octets(t, message)
	const whole = "336f4d296059fbe34ddeb35b37749c67" // A.1.6 gives the first half
	for _, size := range []int{1, 4, 8, 16} {
		for _, cut := range []int{0, 1, 15, 16, 17, 64} {
			got, err := c.MAC(size, m[:cut], nil, m[cut:])
			if err != nil || hex.EncodeToString(got) != whole[:2*size] {
				t.Errorf("%d octets, cut at %d: %x (%v), want %s", size, cut, got, err, whole[:2*size])
			}
			if !c.Authentic(got, m) {
				t.Errorf("%d octets are not authentic", size)
			}
			got[size-1] ^= 1
			if c.Authentic(got, m) {
				t.Errorf("%d octets with a flipped bit are authentic", size)
			}
		}
	}
	if c.Authentic(nil, m) || c.Authentic(make([]byte, 17), m) {
		t.Error("a MAC of no length is authentic")
	}
}

func TestPad(t *testing.T) {
	for n := range 50 {
		data := bytes.Repeat([]byte{0x80}, n)
		padded := kuznyechik.Pad(data)
		if len(padded)%16 != 0 || len(padded) <= n || len(padded) > n+16 {
			t.Errorf("%d octets become %d", n, len(padded))
		}
		if got, ok := kuznyechik.Unpad(padded); !ok || !bytes.Equal(got, data) {
			t.Errorf("%d octets come back as %x", n, got)
		}
	}
	for name, data := range map[string][]byte{
		"empty": nil, "zeros": make([]byte, 16), "no mark": bytes.Repeat([]byte{1}, 16), "mark a block away": append([]byte{0x80}, make([]byte, 31)...),
		"not whole": {1, 2, 0x80}, "mark before something": append([]byte{0x80, 1}, make([]byte, 14)...),
	} {
		if got, ok := kuznyechik.Unpad(data); ok {
			t.Errorf("%s: took %x", name, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := kuznyechik.New(make([]byte, n)); !errors.Is(err, kuznyechik.ErrKeySize) {
			t.Errorf("a key of %d octets: %v", n, err)
		}
	}
	c := under(t, make([]byte, 32))
	for _, tc := range []struct {
		name     string
		iv, data int
		want     error
	}{
		{"no vector", 0, 16, kuznyechik.ErrIVSize}, {"half a vector", 8, 16, kuznyechik.ErrIVSize}, {"a vector and a half", 24, 16, kuznyechik.ErrIVSize},
		{"half a block", 16, 8, kuznyechik.ErrPartial}, {"nothing", 16, 0, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := c.EncryptCBC(make([]byte, tc.iv), make([]byte, tc.data)); !errors.Is(err, tc.want) {
				t.Errorf("encrypting: %v, want %v", err, tc.want)
			}
			if _, err := c.DecryptCBC(make([]byte, tc.iv), make([]byte, tc.data)); !errors.Is(err, tc.want) {
				t.Errorf("decrypting: %v, want %v", err, tc.want)
			}
		})
	}
	for _, n := range []int{0, 7, 16} {
		if _, err := c.CTR(make([]byte, n)); !errors.Is(err, kuznyechik.ErrIVSize) {
			t.Errorf("a vector of %d octets for CTR: %v", n, err)
		}
	}
	for _, n := range []int{-1, 0, 17} {
		if _, err := c.MAC(n, nil); !errors.Is(err, kuznyechik.ErrMACSize) {
			t.Errorf("a MAC of %d octets: %v", n, err)
		}
	}
}

// TestWipe shows that the keys are gone: a wiped cipher is one with zeros for round keys, whatever it was.
func TestWipe(t *testing.T) {
	a, b := under(t, octets(t, key)), under(t, make([]byte, 32))
	a.Wipe()
	b.Wipe()
	x, y := make([]byte, 16), make([]byte, 16)
	a.Encrypt(x, x)
	b.Encrypt(y, y)
	if !bytes.Equal(x, y) {
		t.Error("something of the key is left")
	}
}

func BenchmarkEncrypt(b *testing.B) {
	c, data := under(b, octets(b, key)), make([]byte, 16)
	b.SetBytes(16)
	for b.Loop() {
		c.Encrypt(data, data)
	}
}

func BenchmarkMAC(b *testing.B) {
	c, data := under(b, octets(b, key)), make([]byte, 256)
	b.SetBytes(256)
	for b.Loop() {
		_, _ = c.MAC(8, data)
	}
}
