// SPDX-License-Identifier: Apache-2.0

package kdf_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"zaver/signature/gost/kdf"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The inputs of the examples in RFC 7836 appendix B.
const (
	key   = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	label = "26bdb878"
	seed  = "af21434145656378"
	text  = "0126bdb87800af214341456563780100"
)

func TestExamples(t *testing.T) {
	k, l, s := octets(t, key), octets(t, label), octets(t, seed)
	tree, err := kdf.Tree256(k, l, s, 1, 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		got  []byte
		want string
	}{
		{"HMAC_GOSTR3411_2012_256", kdf.HMAC256(k, octets(t, text)), "a1aa5f7de402d7b3d323f2991c8d4534013137010a83754fd0af6d7cd4922ed9"},
		{"HMAC_GOSTR3411_2012_512", kdf.HMAC512(k, octets(t, text)), "a59bab22ecae19c65fbde6e5f4e9f5d8549d31f037f9df9b905500e171923a773d5f1530f2ed7e964cb2eedc29e9ad2f3afe93b2814f79f5000ffc0366c251e6"},
		{"KDF_GOSTR3411_2012_256", kdf.Derive256(k, l, s), "a1aa5f7de402d7b3d323f2991c8d4534013137010a83754fd0af6d7cd4922ed9"},
		{"KDF_TREE_GOSTR3411_2012_256", tree, "22b6837845c6bef65ea71672b265831086d3c76aebe6dae91cad51d83f79d16b" +
			"074c9330599d7f8d712fca54392f4ddde93751206b3584c8f43f9e6dc51531f9"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if hex.EncodeToString(tc.got) != tc.want {
				t.Errorf("got %x, want %s", tc.got, tc.want)
			}
		})
	}
}

func TestHMACOfParts(t *testing.T) {
	k := octets(t, key)
	if !bytes.Equal(kdf.HMAC256(k, []byte("a"), nil, []byte("bc")), kdf.HMAC256(k, []byte("abc"))) {
		t.Error("parts are not one message (256)")
	}
	if !bytes.Equal(kdf.HMAC512(k, []byte("a"), nil, []byte("bc")), kdf.HMAC512(k, []byte("abc"))) {
		t.Error("parts are not one message (512)")
	}
}

// TestTreeByHand holds lengths and counters against blocks that are put together here.
func TestTreeByHand(t *testing.T) {
	k, l, s := octets(t, key), []byte("label"), []byte("seed")
	for _, tc := range []struct {
		r, length int
		counters  [][]byte
		bits      []byte
	}{
		{1, 1, [][]byte{{1}}, []byte{8}},
		{1, 31, [][]byte{{1}}, []byte{0xF8}},
		{2, 32, [][]byte{{0, 1}}, []byte{1, 0}},
		{3, 33, [][]byte{{0, 0, 1}, {0, 0, 2}}, []byte{1, 8}},
		{4, 96, [][]byte{{0, 0, 0, 1}, {0, 0, 0, 2}, {0, 0, 0, 3}}, []byte{3, 0}},
	} {
		var want []byte
		for _, counter := range tc.counters {
			want = append(want, kdf.HMAC256(k, counter, l, []byte{0}, s, tc.bits)...)
		}
		got, err := kdf.Tree256(k, l, s, tc.r, tc.length)
		if err != nil || !bytes.Equal(got, want[:tc.length]) {
			t.Errorf("%d octets, counter of %d: %x (%v), want %x", tc.length, tc.r, got, err, want[:tc.length])
		}
	}
}

func TestTreeBounds(t *testing.T) {
	for _, tc := range []struct {
		r, length int
		want      error
	}{
		{0, 32, kdf.ErrBounds}, {5, 32, kdf.ErrBounds}, {1, 0, kdf.ErrBounds}, {1, -1, kdf.ErrBounds}, {1, 255 * 32, nil}, {1, 255*32 + 1, kdf.ErrBounds},
		{2, 1 << 16, nil}, {2, 1<<16 + 1, kdf.ErrBounds}, {4, 1 << 40, kdf.ErrBounds},
	} {
		if got, err := kdf.Tree256(nil, nil, nil, tc.r, tc.length); !errors.Is(err, tc.want) || err == nil && len(got) != tc.length {
			t.Errorf("counter of %d, %d octets: %d octets, %v, want %v", tc.r, tc.length, len(got), err, tc.want)
		}
	}
}
