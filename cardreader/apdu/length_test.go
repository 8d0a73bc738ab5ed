// SPDX-License-Identifier: Apache-2.0

package apdu

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLengths walks the edges of short and extended length fields, there and back.
func TestLengths(t *testing.T) {
	for _, tt := range []struct {
		data, le int
		encoded  int // bytes
		extended bool
	}{
		{0, 0, 4, false}, {0, 1, 5, false}, {0, 255, 5, false}, {0, 256, 5, false}, {0, 257, 7, true}, {0, 65535, 7, true}, {0, 65536, 7, true},
		{1, 0, 6, false}, {255, 0, 260, false}, {256, 0, 263, true}, {65535, 0, 65542, true},
		{1, 256, 7, false}, {255, 256, 261, false}, {255, 257, 264, true}, {256, 1, 265, true}, {256, 256, 265, true}, {256, 65536, 265, true},
		{65535, 65536, 65544, true},
	} {
		t.Run(fmt.Sprintf("%d bytes, Le %d", tt.data, tt.le), func(t *testing.T) {
			c := Command{CLA: 0x00, INS: 0x87, P1: 0x07, P2: 0x9C, Le: tt.le}
			if tt.data > 0 {
				c.Data = bytes.Repeat([]byte{0xA5}, tt.data)
			}
			b, err := c.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if len(b) != tt.encoded || cap(b) != len(b) || c.Extended() != tt.extended {
				t.Errorf("%d bytes in %d, extended %v", len(b), cap(b), c.Extended())
			}
			back, err := ParseCommand(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c, back); diff != "" {
				t.Error(diff)
			}
			for _, cut := range []int{len(b) - 1, len(b) / 2} {
				if c, err := ParseCommand(b[:cut]); err == nil && len(c.Data) >= tt.data && c.Le == tt.le {
					t.Errorf("cut to %d bytes it is still whole", cut)
				}
			}
		})
	}
}

// TestChainLengths: any data joins to itself again, in parts of any limit.
func TestChainLengths(t *testing.T) {
	for _, tt := range []struct{ data, limit, parts int }{
		{0, 255, 1}, {1, 255, 1}, {254, 255, 1}, {255, 255, 1}, {256, 255, 2}, {510, 255, 2}, {511, 255, 3}, {65535, 255, 257},
		{10, 1, 10}, {10, 0, 1}, {10, -3, 1}, {300, 1000, 2}, {16, 8, 2},
	} {
		t.Run(fmt.Sprintf("%d by %d", tt.data, tt.limit), func(t *testing.T) {
			c := Command{INS: 0x87, P1: 0x11, P2: 0x9C, Data: bytes.Repeat([]byte{1}, tt.data), Le: 256}
			parts := c.Chain(tt.limit)
			if len(parts) != tt.parts {
				t.Fatalf("%d parts", len(parts))
			}
			var joined []byte
			for i, p := range parts {
				last := i == len(parts)-1
				if p.Chained() == last || (p.Le == 256) != last || p.Extended() || p.INS != c.INS || p.P1 != c.P1 || p.P2 != c.P2 {
					t.Errorf("part %d is %v", i, p)
				}
				joined = append(joined, p.Data...)
			}
			if !bytes.Equal(joined, c.Data) {
				t.Error("the parts do not join")
			}
		})
	}
}

// FuzzChain cuts and joins, and FuzzResponse reads what a card answers.
func FuzzChain(f *testing.F) {
	f.Add([]byte("data"), 3)
	f.Add(bytes.Repeat([]byte{7}, 600), 255)
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		if len(data) > MaxExtendedData {
			return
		}
		var joined []byte
		for _, p := range (Command{INS: 0x2A, Data: data}).Chain(limit) {
			if len(p.Data) > MaxShortData || limit > 0 && len(p.Data) > limit {
				t.Fatalf("a part of %d bytes", len(p.Data))
			}
			b, err := p.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			back, err := ParseCommand(b)
			if err != nil {
				t.Fatal(err)
			}
			joined = append(joined, back.Data...)
		}
		if !bytes.Equal(joined, data) {
			t.Fatalf("%X became %X", data, joined)
		}
	})
}

func FuzzResponse(f *testing.F) {
	for _, in := range []string{"9000", "6A82", "63C3", "6105", "6C00", "01029000", ""} {
		b, _ := hex.DecodeString(in)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseResponse(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(r.Bytes(), b) {
			t.Fatalf("%X became %X", b, r.Bytes())
		}
		if n, ok := r.SW.Tries(); ok && (n < 0 || n > 15 || r.SW.Meaning() != PINWrong) {
			t.Fatalf("%s: %d tries", r.SW, n)
		}
		if n, ok := r.SW.More(); ok && (n < 1 || n > 256 || r.SW.Meaning() != MoreData) {
			t.Fatalf("%s: %d more", r.SW, n)
		}
		if n, ok := r.SW.RightLe(); ok && (n < 1 || n > 256) {
			t.Fatalf("%s: Le %d", r.SW, n)
		}
	})
}

// TestEveryStatusWord: each of the 65536 has one meaning, and the families keep theirs.
func TestEveryStatusWord(t *testing.T) {
	count := map[Meaning]int{}
	for n := range 0x10000 {
		sw := SW(n)
		count[sw.Meaning()]++
		if sw.OK() != (n == 0x9000) {
			t.Errorf("%s is a success", sw)
		}
	}
	for m, want := range map[Meaning]int{Success: 1, MoreData: 256, WrongLe: 256, PINWrong: 17, PINBlocked: 1, PINUnusable: 1, NotFound: 3, NeedsPIN: 1, Fault: 768} {
		if count[m] != want {
			t.Errorf("%d words mean %d, want %d", count[m], m, want)
		}
	}
}

// TestWordsOfTheCards: the words that the described cards give (6981 to 6986, 6A80 to 6A88, 6B00, 6283, 6883, 6884).
func TestWordsOfTheCards(t *testing.T) {
	for sw, want := range map[SW]Meaning{
		0x6700: WrongParameters, 0x6981: Refused, 0x6982: NeedsPIN, 0x6983: PINBlocked, 0x6984: PINUnusable, 0x6985: Refused, 0x6986: Refused,
		0x6A80: WrongParameters, 0x6A81: Unsupported, 0x6A82: NotFound, 0x6A83: NotFound, 0x6A84: Refused, 0x6A86: WrongParameters, 0x6A88: NotFound,
		0x6B00: EndOfData, 0x6283: Refused, 0x6881: Unsupported, 0x6882: Unsupported, 0x6883: WrongParameters, 0x6884: Unsupported, 0x9602: Other,
	} {
		t.Run(sw.String(), func(t *testing.T) {
			if got := sw.Meaning(); got != want {
				t.Errorf("means %d, want %d", got, want)
			}
		})
	}
}
