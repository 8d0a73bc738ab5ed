// SPDX-License-Identifier: Apache-2.0

package apdu

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommandBytes(t *testing.T) {
	long := bytes.Repeat([]byte{0xAB}, 256)
	tests := []struct {
		name string
		c    Command
		want string
	}{
		{"case 1", Command{INS: 0x20, P2: 1}, "00200001"},
		{"case 2 short", Command{INS: 0xCA, P1: 0xDF, P2: 0x27, Le: 256}, "00CADF2700"},
		{"case 2 short 248", Command{INS: 0xB0, Le: 248}, "00B00000F8"},
		{"case 3 short", Command{INS: 0x20, P2: 2, Data: []byte{1, 2}}, "00200002020102"},
		{"case 4 short", Command{INS: 0xA4, P1: 4, Data: []byte{0xF0}, Le: 256}, "00A4040001F000"},
		{"case 2 extended", Command{INS: 0xB0, Le: 257}, "00B00000000101"},
		{"case 2 extended, most", Command{INS: 0xB0, Le: 65536}, "00B00000000000"},
		{"case 3 extended", Command{INS: 0xD6, Data: long}, "00D60000000100" + hex.EncodeToString(long)},
		{"case 4 extended", Command{INS: 0x2A, Data: long, Le: 256}, "002A0000000100" + hex.EncodeToString(long) + "0100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.c.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			want, _ := hex.DecodeString(tt.want)
			if !bytes.Equal(got, want) {
				t.Errorf("got %X, want %X", got, want)
			}
			if len(got) != cap(got) {
				t.Errorf("buffer of %d bytes has room for %d: a wiped copy may have been left behind", len(got), cap(got))
			}
			back, err := ParseCommand(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.c, back); diff != "" {
				t.Errorf("parsed back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCommandBytesRefuses(t *testing.T) {
	for name, c := range map[string]Command{
		"too much data": {Data: make([]byte, MaxExtendedData+1)},
		"Le too big":    {Le: MaxExtendedLe + 1},
		"Le negative":   {Le: -1},
	} {
		if _, err := c.Bytes(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestParseCommandRefuses(t *testing.T) {
	for _, in := range []string{"", "00A404", "00A40400020102030405", "00A4040005010203", "00B0000000", "00B000000001",
		"00D60000000002AA", "00D6000000000000", "00D60000000001AABBCCDD"} {
		b, _ := hex.DecodeString(in)
		_, err := ParseCommand(b)
		if in == "00B0000000" { // case 2 with Le 256
			if err != nil {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error %v, want malformed", in, err)
		}
	}
}

func TestChain(t *testing.T) {
	c := Command{CLA: 0x00, INS: 0x2A, P1: 0x00, P2: 0xBE, Data: bytes.Repeat([]byte{7}, 600), Le: 256}
	parts := c.Chain(255)
	if len(parts) != 3 {
		t.Fatalf("%d parts, want 3", len(parts))
	}
	var joined []byte
	for i, p := range parts {
		last := i == len(parts)-1
		if p.Chained() == last {
			t.Errorf("part %d: chained = %v", i, p.Chained())
		}
		if (p.Le != 0) != last {
			t.Errorf("part %d asks for %d bytes", i, p.Le)
		}
		joined = append(joined, p.Data...)
	}
	if !bytes.Equal(joined, c.Data) {
		t.Error("parts do not join to the data")
	}
	if got := (Command{INS: 0x20}).Chain(255); len(got) != 1 || got[0].Chained() {
		t.Errorf("an empty command became %v", got)
	}
}

func FuzzCommand(f *testing.F) {
	for _, in := range []string{"00200001", "00CADF2700", "00A4040001F000", "00B00000000101", "00D60000000002AABB0000", "00D6000000"} {
		b, _ := hex.DecodeString(in)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCommand(b)
		if err != nil {
			return
		}
		again, err := c.Bytes()
		if err != nil {
			t.Fatalf("%X parsed but cannot be encoded: %v", b, err)
		}
		back, err := ParseCommand(again)
		if err != nil {
			t.Fatalf("%X encoded as %X cannot be parsed: %v", b, again, err)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Fatalf("%X changed on the way (-want +got):\n%s", b, diff)
		}
	})
}

func TestCarriesPIN(t *testing.T) {
	var got []byte
	for ins := range 256 {
		if CarriesPIN(byte(ins)) {
			got = append(got, byte(ins))
		}
	}
	if want := []byte{0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D}; !bytes.Equal(got, want) {
		t.Errorf("got %X, want %X", got, want)
	}
}
