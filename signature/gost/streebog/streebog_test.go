// SPDX-License-Identifier: Apache-2.0

package streebog_test

import (
	"bytes"
	"encoding/hex"
	"hash"
	"math/rand/v2"
	"testing"

	"zaver/signature/gost/streebog"
)

const (
	m1 = "012345678901234567890123456789012345678901234567890123456789012"
	// m2 is the verse of RFC 6986 section 10.2 in Windows-1251.
	m2 = "d1e520e2e5f2f0e82c20d1f2f0e8e1eee6e820e2edf3f6e82c20e2e5fef2fa20f120eceef0ff20f1f2f0e5ebe0ece820ede020f5f0e0e1f0fbff20efebfaeafb20c8e3eef0e5e2fb"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRFC6986(t *testing.T) {
	second := unhex(t, m2)
	for _, c := range []struct {
		name    string
		make    func() hash.Hash
		message []byte
		digest  string
	}{
		{
			"RFC 6986 10.1.1: M1, 512 bits", streebog.New512, []byte(m1),
			"1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48",
		},
		{
			"RFC 6986 10.1.2: M1, 256 bits", streebog.New256, []byte(m1),
			"9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500",
		},
		{
			"RFC 6986 10.2.1: M2, 512 bits", streebog.New512, second,
			"1e88e62226bfca6f9994f1f2d51569e0daf8475a3b0fe61a5300eee46d961376035fe83549ada2b8620fcd7c496ce5b33f0cb9dddc2b6460143b03dabac9fb28",
		},
		{
			"RFC 6986 10.2.2: M2, 256 bits", streebog.New256, second,
			"9dd2fe4e90409e5da87f53976d7405b0c0cac628fc669a741d50063c557e8f50",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := c.make()
			if _, err := h.Write(c.message); err != nil {
				t.Fatal(err)
			}
			want := unhex(t, c.digest)
			if got := h.Sum(nil); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
			if got := sum(h.Size(), c.message); !bytes.Equal(got, want) {
				t.Errorf("in one call: %x", got)
			}
		})
	}
}

// sum is Sum256 or Sum512 by the size of the digest.
func sum(size int, message []byte) []byte {
	if size == streebog.Size256 {
		d := streebog.Sum256(message)
		return d[:]
	}
	d := streebog.Sum512(message)
	return d[:]
}

// TestWritesInPieces cuts messages at every place and at random ones.
func TestWritesInPieces(t *testing.T) {
	message := make([]byte, 300)
	for i := range message {
		message[i] = byte(i * 7)
	}
	for _, h := range []hash.Hash{streebog.New256(), streebog.New512()} {
		want := sum(h.Size(), message)
		for cut := range len(message) {
			h.Reset()
			h.Write(message[:cut])
			if between := h.Sum([]byte("head")); !bytes.Equal(between[4:], sum(h.Size(), message[:cut])) {
				t.Fatalf("%d bytes: Sum between two writes is %x", cut, between)
			}
			h.Write(message[cut:])
			if got := h.Sum(nil); !bytes.Equal(got, want) {
				t.Fatalf("%d bits cut at %d: %x, want %x", 8*h.Size(), cut, got, want)
			}
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range 50 {
			h.Reset()
			for rest := message; len(rest) > 0; {
				n := min(random.IntN(130), len(rest))
				h.Write(rest[:n])
				rest = rest[n:]
			}
			if got := h.Sum(nil); !bytes.Equal(got, want) {
				t.Fatalf("%d bits in random pieces: %x, want %x", 8*h.Size(), got, want)
			}
		}
	}
}

func TestInterface(t *testing.T) {
	for _, h := range []hash.Hash{streebog.New256(), streebog.New512()} {
		if h.BlockSize() != 64 {
			t.Errorf("blocks of %d bytes", h.BlockSize())
		}
		empty := h.Sum(nil)
		h.Write([]byte("something"))
		h.Reset()
		if got := h.Sum(nil); !bytes.Equal(got, empty) || len(got) != h.Size() {
			t.Errorf("after Reset %x, at first %x", got, empty)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	message := make([]byte, 1000)
	if n := testing.AllocsPerRun(10, func() { streebog.Sum256(message) }); n != 0 {
		t.Errorf("Sum256 takes %v allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() { streebog.Sum512(message) }); n != 0 {
		t.Errorf("Sum512 takes %v allocations", n)
	}
	h, out := streebog.New256(), make([]byte, 0, 64)
	if n := testing.AllocsPerRun(10, func() { h.Write(message); h.Sum(out) }); n != 0 {
		t.Errorf("Write and Sum take %v allocations", n)
	}
}
