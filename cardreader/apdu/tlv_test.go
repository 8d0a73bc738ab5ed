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

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseTLV(t *testing.T) {
	// The shape of an answer to SELECT: 6F { 84 AID, A5 { 5F25, 5F24, 9F08, E0 { E1 { … } } } }.
	in := unhex(t, "6F 27 84 05 F000000001 A5 1E 5F24 03 301231 5F25 03 250101 9F08 01 11 E0 0C E1 0A DF20 01 01 51 02 1001 00 00")
	list, err := ParseTLV(in)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"6F 84": "F000000001", "6F A5 5F24": "301231", "6F A5 9F08": "11", "6F A5 E0 E1 51": "1001"} {
		var tags []Tag
		for _, s := range strings.Fields(path) {
			tag, err := ParseTag(s)
			if err != nil {
				t.Fatal(err)
			}
			tags = append(tags, tag)
		}
		got, ok := Find(list, tags...)
		if !ok || !bytes.Equal(got.Value, unhex(t, want)) {
			t.Errorf("%s: %X, %v; want %s", path, got.Value, ok, want)
		}
	}
	if _, ok := Find(list, 0x6F, 0x85); ok {
		t.Error("found an object that is not there")
	}
	if _, ok := Find(list); ok {
		t.Error("an empty path finds something")
	}
}

func TestParseTLVRefuses(t *testing.T) {
	deep := ""
	for range MaxTLVDepth + 1 {
		deep = "E1" + hex.EncodeToString([]byte{byte(len(deep) / 2)}) + deep
	}
	for name, in := range map[string]string{
		"cut tag": "5F", "no length": "84", "length beyond the end": "84 05 01", "indefinite length": "6F 80 00 00",
		"four-byte length": "84 84 00000001 00", "cut length": "84 82 01", "long tag": "1F 81 81 01 00", "padded tag": "1F 80 01 00",
		"child beyond its parent": "6F 03 84 05 01", "too deep": deep,
	} {
		if _, err := ParseTLV(unhex(t, in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error %v, want malformed", name, err)
		}
	}
	if _, err := ParseTLV(bytes.Repeat([]byte{0x81, 0}, MaxTLVCount+1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("too many objects: %v", err)
	}
	if _, err := ParseTLV(make([]byte, MaxTLVSize+1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("too many bytes: %v", err)
	}
}

func TestAppendLengths(t *testing.T) {
	for _, n := range []int{0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000} {
		want := TLV{Tag: 0xDF27, Value: bytes.Repeat([]byte{1}, n)}
		list, err := ParseTLV(want.Append(nil))
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if len(list) != 1 || len(list[0].Value) != n || list[0].Tag != want.Tag {
			t.Errorf("%d bytes came back as %d objects", n, len(list))
		}
	}
}

func TestTag(t *testing.T) {
	for s, want := range map[string]Tag{"6F": 0x6F, "5F24": 0x5F24, "9F08": 0x9F08, "DF8101": 0xDF8101} {
		got, err := ParseTag(s)
		if err != nil || got != want || got.String() != s {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "5", "5F", "00", "FF", "8484", "zz", "DF818101"} {
		if _, err := ParseTag(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzTLV(f *testing.F) {
	for _, in := range []string{"8400", "6F0384015A", "5F2403301231", "E103DF200101", "848101AA", "0000FF8401AA"} {
		b, _ := hex.DecodeString(in)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseTLV(b)
		if err != nil {
			return
		}
		var again []byte
		for _, object := range list {
			again = object.Append(again)
		}
		if len(again) > len(b) {
			t.Fatalf("%X grew to %X", b, again)
		}
		back, err := ParseTLV(again)
		if err != nil {
			t.Fatalf("%X encoded as %X cannot be parsed: %v", b, again, err)
		}
		if diff := cmp.Diff(list, back); diff != "" {
			t.Fatalf("%X changed on the way (-want +got):\n%s", b, diff)
		}
	})
}
