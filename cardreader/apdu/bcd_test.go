// SPDX-License-Identifier: Apache-2.0

package apdu

import (
	"bytes"
	"errors"
	"testing"
)

func TestBCD(t *testing.T) {
	tests := []struct {
		name   string
		encode func(string, int) ([]byte, error)
		decode func([]byte) (string, error)
		digits string
		size   int
		want   string
	}{
		{"SNILS", EncodeCN, DecodeCN, "11223344595", 6, "11223344595F"},
		{"short compressed number", EncodeCN, DecodeCN, "12", 3, "12FFFF"},
		{"date", EncodeN, DecodeN, "19851231", 4, "19851231"},
		{"policy number", EncodeN, DecodeN, "1234567890123456", 8, "1234567890123456"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := tt.encode(tt.digits, tt.size)
			if err != nil || !bytes.Equal(b, unhex(t, tt.want)) {
				t.Fatalf("encoded as %X, %v", b, err)
			}
			if got, err := tt.decode(b); err != nil || got != tt.digits {
				t.Errorf("decoded as %q, %v", got, err)
			}
		})
	}
	if b, err := EncodeN("123", 2); err != nil || !bytes.Equal(b, []byte{0x01, 0x23}) {
		t.Errorf("an odd number of digits became %X, %v", b, err)
	}
}

func TestBCDRefuses(t *testing.T) {
	for _, in := range []string{"1A", "F1", "1FF1", "A1"} {
		if _, err := DecodeCN(unhex(t, in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("compressed %s: %v", in, err)
		}
	}
	for _, in := range []string{"1A", "F1", "1F"} {
		if _, err := DecodeN(unhex(t, in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("numeric %s: %v", in, err)
		}
	}
	for _, digits := range []string{"12345", "1x"} {
		if _, err := EncodeCN(digits, 2); !errors.Is(err, ErrMalformed) {
			t.Errorf("compressed %q: %v", digits, err)
		}
		if _, err := EncodeN(digits, 2); !errors.Is(err, ErrMalformed) {
			t.Errorf("numeric %q: %v", digits, err)
		}
	}
}

func FuzzBCD(f *testing.F) {
	f.Add([]byte{0x11, 0x22, 0x3F})
	f.Add([]byte{0x19, 0x85, 0x12, 0x31})
	f.Fuzz(func(t *testing.T, b []byte) {
		if digits, err := DecodeCN(b); err == nil {
			if again, err := EncodeCN(digits, len(b)); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%X became %q, then %X, %v", b, digits, again, err)
			}
		}
		if digits, err := DecodeN(b); err == nil {
			if again, err := EncodeN(digits, len(b)); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%X became %q, then %X, %v", b, digits, again, err)
			}
		}
	})
}
