// SPDX-License-Identifier: Apache-2.0

package asn_test

import (
	"encoding/hex"
	"math/big"
	"testing"
	"time"

	"zaver/softhsm-fixtures/mint/asn"
)

// TestEncodings holds each function against octets worked out by hand from X.690.
func TestEncodings(t *testing.T) {
	winter := time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)
	huge, _ := new(big.Int).SetString("-8000000000000000000000000000000000", 16)
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{"0", asn.Int(0), "020100"},
		{"127", asn.Int(127), "02017f"},
		{"128", asn.Int(128), "02020080"},
		{"256", asn.Int(256), "02020100"},
		{"-1", asn.Int(-1), "0201ff"},
		{"-128", asn.Int(-128), "020180"},
		{"-129", asn.Int(-129), "0202ff7f"},
		{"huge", asn.BigInt(huge), "02118000000000000000000000000000000000"},
		{"enumerated", asn.Enum(6), "0a0106"},
		{"true", asn.Bool(true), "0101ff"},
		{"false", asn.Bool(false), "010100"},
		{"rsaEncryption", asn.OID("1.2.840.113549.1.1.1"), "06092a864886f70d010101"},
		{"2.999", asn.OID("2.999.3"), "0603883703"},
		{"uuid arc", asn.OID("2.25.329800735698586629295641978511506172918"), "06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776"},
		{"no bits", asn.NamedBits(), "030100"},
		{"bit 0", asn.NamedBits(0), "03020780"},
		{"bits 5 6", asn.NamedBits(5, 6), "03020106"},
		{"bit 8", asn.NamedBits(8), "0303070080"},
		{"bits", asn.Bits([]byte{1}), "03020001"},
		{"set of", asn.SetOf(asn.Int(2), asn.Int(1)), "3106020101020102"},
		{"set", asn.Set(asn.Int(2), asn.Int(1)), "3106020102020101"},
		{"implicit constructed", asn.Implicit(1, asn.Seq()), "a100"},
		{"implicit primitive", asn.Implicit(2, asn.Int(1)), "820101"},
		{"explicit", asn.Explicit(3, asn.Null()), "a3020500"},
		{"long length", asn.LongLength(5, 4), "8400000005"},
		{"indefinite", asn.Indefinite(asn.TagSequence, asn.Null()), "3080" + "0500" + "0000"},
		{"BMP", asn.BMP("Яa"), "1e04042f0061"},
		{"Universal", asn.Universal("Я"), "1c040000042f"},
		{"UTC", asn.Time(winter), hex.EncodeToString([]byte("\x17\x0d491231235959Z"))},
		{"generalized", asn.Time(winter.Add(time.Second)), hex.EncodeToString([]byte("\x18\x0f20500101000000Z"))},
		{"no fraction", asn.GeneralizedTime(winter.Add(250 * time.Millisecond)), hex.EncodeToString([]byte("\x18\x0f20491231235959Z"))},
		{"fraction", asn.FractionalTime(winter.Add(250 * time.Millisecond)), hex.EncodeToString([]byte("\x18\x1220491231235959.25Z"))},
		{"length 128", asn.Octets(make([]byte, 128))[:3], "048180"},
		{"length 256", asn.Octets(make([]byte, 256))[:4], "04820100"},
	} {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestNoOID(t *testing.T) {
	for _, s := range []string{"", "1", "1.x", "1.-2"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken for an object identifier", s)
				}
			}()
			asn.OID(s)
		}()
	}
}
