// SPDX-License-Identifier: Apache-2.0

package apdu

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObjects(t *testing.T) {
	tests := []struct {
		name, in string
		want     []TLV // nil: refused
	}{
		{"nothing", "", []TLV{}},
		{"one", "84 02 0102", []TLV{{Tag: 0x84, Value: []byte{1, 2}}}},
		{"constructed is not looked into", "70 03 300102", []TLV{{Tag: 0x70, Value: []byte{0x30, 1, 2}}}},
		{"constructed with no objects in it", "70 02 84FF", []TLV{{Tag: 0x70, Value: []byte{0x84, 0xFF}}}},
		{"several", "70 01 30 71 01 00 FE 00", []TLV{{Tag: 0x70, Value: []byte{0x30}}, {Tag: 0x71, Value: []byte{0}}, {Tag: 0xFE, Value: []byte{}}}},
		{"padding between", "00 84 00 FF FF 85 00", []TLV{{Tag: 0x84, Value: []byte{}}, {Tag: 0x85, Value: []byte{}}}},
		{"tag of three bytes", "5FC10A 01 07", []TLV{{Tag: 0x5FC10A, Value: []byte{7}}}},
		{"longer length than needed", "84 82 0001 07", []TLV{{Tag: 0x84, Value: []byte{7}}}},
		{"cut value", "84 02 01", nil},
		{"cut length", "84 82 01", nil},
		{"no length", "84", nil},
		{"cut tag", "5F", nil},
		{"tag of four bytes", "5FC1C10A 00", nil},
		{"indefinite length", "70 80 0000", nil},
		{"second one cut", "84 00 85 05 01", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Objects(unhex(t, tt.in))
			if tt.want == nil {
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("%v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, append([]TLV{}, got...)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("too many", func(t *testing.T) {
		if _, err := Objects(bytes.Repeat([]byte{0x84, 0}, MaxTLVCount+1)); !errors.Is(err, ErrMalformed) {
			t.Error(err)
		}
		if got, err := Objects(bytes.Repeat([]byte{0x84, 0}, MaxTLVCount)); err != nil || len(got) != MaxTLVCount {
			t.Errorf("%d, %v", len(got), err)
		}
	})
	t.Run("too long", func(t *testing.T) {
		if _, err := Objects(make([]byte, MaxTLVSize+1)); !errors.Is(err, ErrMalformed) {
			t.Error(err)
		}
	})
}

func TestContents(t *testing.T) {
	in := "53 0D 70 06 300403020100 71 01 00 FE 00"
	tests := []struct {
		name, in string
		path     []Tag
		want     string // hexadecimal; "-" missing, "!" malformed
	}{
		{"no path", "0102", nil, "0102"},
		{"first level", in, []Tag{0x53}, "70063004030201007101" + "00FE00"},
		{"second level under a primitive tag", in, []Tag{0x53, 0x70}, "300403020100"},
		{"beside it", in, []Tag{0x53, 0x71}, "00"},
		{"empty object", in, []Tag{0x53, 0xFE}, ""},
		{"missing below", in, []Tag{0x53, 0x72}, "-"},
		{"missing above", in, []Tag{0x7E, 0x70}, "-"},
		{"the first of two", "84 01 01 84 01 02", []Tag{0x84}, "01"},
		{"below what holds padding alone", in, []Tag{0x53, 0x71, 0x30}, "-"},
		{"certificates are objects, too", in, []Tag{0x53, 0x70, 0x30, 0x03}, "0100"},
		{"malformed", "53 05 70", []Tag{0x53}, "!"},
		{"malformed below", "53 02 7005", []Tag{0x53, 0x70}, "!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, found, err := Contents(unhex(t, tt.in), tt.path...)
			switch {
			case tt.want == "!":
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("%X, %v, %v", got, found, err)
				}
			case tt.want == "-":
				if found || err != nil {
					t.Errorf("%X, %v, %v", got, found, err)
				}
			case err != nil || !found || !strings.EqualFold(hex.EncodeToString(got), tt.want):
				t.Errorf("%X, %v, %v", got, found, err)
			}
		})
	}
}

func TestTagList(t *testing.T) {
	for want, tags := range map[string][]Tag{
		"5C00": nil, "5C017E": {0x7E}, "5C035FC10A": {0x5FC10A}, "5C055F2A5FC102": {0x5F2A, 0x5FC102},
	} {
		t.Run(want, func(t *testing.T) {
			if got := TagList(tags...); !bytes.Equal(got, unhex(t, want)) {
				t.Errorf("%X", got)
			}
		})
	}
}

// FuzzObjects: what is read flat encodes to what is read flat again, and no
// walk goes beyond its input.
func FuzzObjects(f *testing.F) {
	for _, in := range []string{"530D70063004030201007101" + "00FE00", "8400", "7C0482008100", "5C035FC10A", "0000FF8401AA", "70820102"} {
		b, _ := hex.DecodeString(in)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := Objects(b)
		if err != nil {
			return
		}
		total := 0
		for _, object := range list {
			total += len(object.Value)
			if object.Children != nil {
				t.Fatal("a flat object has children")
			}
			inner, found, err := Contents(b, object.Tag)
			if err != nil || !found || len(inner) > len(b) {
				t.Fatalf("%s of %X: %X, %v, %v", object.Tag, b, inner, found, err)
			}
			if _, _, err := Contents(b, object.Tag, 0x70, 0x30); err != nil && !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
		}
		if total > len(b) {
			t.Fatalf("%d bytes out of %d", total, len(b))
		}
	})
}
