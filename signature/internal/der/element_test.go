// SPDX-License-Identifier: Apache-2.0

package der

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func TestElement(t *testing.T) {
	for name, r := range map[string]struct {
		hex         string
		start, stop int // 0: refused
	}{
		"null":                 {"0500", 2, 2},
		"content":              {"0c026162", 2, 4},
		"bytes behind":         {"0c01610500", 2, 3},
		"long length":          {"048180" + strings.Repeat("00", 128), 3, 131},
		"longer length":        {"04820100" + strings.Repeat("00", 256), 4, 260},
		"nothing":              {"", 0, 0},
		"tag alone":            {"05", 0, 0},
		"cut":                  {"0c0261", 0, 0},
		"indefinite":           {"30800000", 0, 0},
		"overlong length":      {"04810100", 0, 0},
		"overlong by a zero":   {"0482007f" + strings.Repeat("00", 127), 0, 0},
		"length of length cut": {"048201", 0, 0},
		"five bytes of length": {"04850100000000", 0, 0},
		"length beyond int32":  {"0484ffffffff", 0, 0},
		"high tag":             {"1f8101" + "00", 0, 0},
	} {
		b, err := hex.DecodeString(r.hex)
		if err != nil {
			t.Fatal(name, err)
		}
		// In the middle of other bytes the answer is the same.
		in := append(append([]byte{9, 9, 9}, b...), 0xff, 0xff)
		tag, start, stop, ok := Element(in, 3, 3+len(b))
		if ok != (r.start > 0) || ok && (tag != b[0] || start-3 != r.start || stop-3 != r.stop) {
			t.Errorf("X.690 section 10.1, %s: %#x %d %d %v", name, tag, start-3, stop-3, ok)
		}
	}
	if _, _, _, ok := Element([]byte{5, 0}, -1, 2); ok {
		t.Error("a place before the bytes")
	}
	if _, _, _, ok := Element([]byte{5, 0}, 0, 3); ok {
		t.Error("an end behind the bytes")
	}
}

func TestObjectIdentifier(t *testing.T) {
	for in, want := range map[string]bool{
		"2a0304": true, "550403": true, "2a87ffffff7f": true, "2a8880808000": true, // 2^31-1 and 2^31
		"2a8003": false, "2a83": false, "": false, "80": false, "69ffffffffffffffffffffffffff7f": true,
	} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		if ObjectIdentifier(b) != want {
			t.Errorf("X.690 section 8.19, %q: %v", in, !want)
		}
	}
}

// FuzzElement: the header reader agrees with the one of x/crypto, and a time that reads is what is written.
func FuzzElement(f *testing.F) {
	f.Add([]byte{5, 0})
	f.Add([]byte("\x17\x0d261122100000Z"))
	f.Add([]byte("\x18\x0f20500101000000Z"))
	f.Add(append([]byte{4, 0x81, 0x80}, make([]byte, 130)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := cryptobyte.String(b)
		var content cryptobyte.String
		var want casn1.Tag
		peer := s.ReadAnyASN1(&content, &want)
		tag, start, stop, ok := Element(b, 0, len(b))
		if ok != peer || ok && (tag != byte(want) || !bytes.Equal(b[start:stop], content)) {
			t.Fatalf("%v %d..%d, the peer says %v", ok, start, stop, peer)
		}
		s = b
		if at, tag, ok := ReadTime(&s); ok {
			layout := map[casn1.Tag]string{casn1.UTCTime: "060102150405Z", casn1.GeneralizedTime: "20060102150405Z"}[tag]
			if got := at.Format(layout); got != string(b[start:stop]) {
				t.Errorf("%s reads as %s", b[start:stop], at.Format(time.RFC3339))
			}
		}
	})
}
