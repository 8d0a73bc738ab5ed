// SPDX-License-Identifier: Apache-2.0

// Package asn alone owns the writing of DER for test objects: small functions that put bytes
// together and check nothing, so that a test can build what no honest encoder would. It shares no
// code with the parsers under test, nor with encoding/asn1.
//
// Everything is a pure function and returns a new slice. A mistake in a constant of the test
// itself (an object identifier that is none) panics.
package asn

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Universal tags as they stand in the identifier octet (X.690 section 8.1.2).
const (
	TagBoolean         = 0x01
	TagInteger         = 0x02
	TagBitString       = 0x03
	TagOctetString     = 0x04
	TagNull            = 0x05
	TagOID             = 0x06
	TagEnumerated      = 0x0a
	TagUTF8            = 0x0c
	TagNumeric         = 0x12
	TagPrintable       = 0x13
	TagTeletex         = 0x14
	TagIA5             = 0x16
	TagUTCTime         = 0x17
	TagGeneralizedTime = 0x18
	TagVisible         = 0x1a
	TagUniversal       = 0x1c
	TagBMP             = 0x1e
	TagSequence        = 0x30
	TagSet             = 0x31
)

// Join puts encodings one after another without a header.
func Join(parts ...[]byte) []byte { return slices.Concat(parts...) }

// TLV is an identifier octet, the shortest length, and the parts as content.
func TLV(tag byte, parts ...[]byte) []byte {
	content := Join(parts...)
	return slices.Concat([]byte{tag}, Length(len(content)), content)
}

// Length is the shortest definite length (X.690 section 10.1).
func Length(n int) []byte {
	if n < 0x80 {
		return []byte{byte(n)}
	}
	b := big.NewInt(int64(n)).Bytes()
	return append([]byte{0x80 | byte(len(b))}, b...)
}

// LongLength is a length in more octets than needed, as DER forbids: width octets after the first.
func LongLength(n, width int) []byte {
	return append([]byte{0x80 | byte(width)}, big.NewInt(int64(n)).FillBytes(make([]byte, width))...)
}

// Indefinite is a constructed encoding of indefinite length (BER, X.690 section 8.1.3.6).
func Indefinite(tag byte, parts ...[]byte) []byte {
	return slices.Concat([]byte{tag, 0x80}, Join(parts...), []byte{0, 0})
}

// Seq is a SEQUENCE.
func Seq(parts ...[]byte) []byte { return TLV(TagSequence, parts...) }

// Set is a SET with its elements in the given order; SetOf sorts them as DER demands.
func Set(parts ...[]byte) []byte { return TLV(TagSet, parts...) }

// SetOf is a SET OF in DER order (X.690 section 11.6).
func SetOf(parts ...[]byte) []byte {
	sorted := slices.Clone(parts)
	slices.SortFunc(sorted, slices.Compare[[]byte])
	return Set(sorted...)
}

// Explicit is context tag n, constructed, around the parts.
func Explicit(n int, parts ...[]byte) []byte { return TLV(0xa0|byte(n), parts...) }

// Implicit gives an encoding the context tag n in place of its own; primitive stays primitive.
func Implicit(n int, der []byte) []byte {
	out := slices.Clone(der)
	out[0] = 0x80 | der[0]&0x20 | byte(n)
	return out
}

// Retag replaces the identifier octet.
func Retag(tag byte, der []byte) []byte {
	out := slices.Clone(der)
	out[0] = tag
	return out
}

// Context is a primitive value under context tag n.
func Context(n int, content []byte) []byte { return TLV(0x80|byte(n), content) }

// OID is an object identifier from its dotted form.
func OID(dotted string) []byte { return TLV(TagOID, OIDContent(dotted)) }

// OIDContent is the content octets of an object identifier.
func OIDContent(dotted string) []byte {
	var out []byte
	var first *big.Int
	for i, part := range strings.Split(dotted, ".") {
		n, ok := new(big.Int).SetString(part, 10)
		if !ok || n.Sign() < 0 {
			panic("asn: no object identifier: " + strconv.Quote(dotted))
		}
		switch i {
		case 0:
			first = n.Mul(n, big.NewInt(40))
			continue
		case 1:
			n.Add(n, first)
		}
		out = append(out, base128(n)...)
	}
	if len(out) == 0 {
		panic("asn: no object identifier: " + strconv.Quote(dotted))
	}
	return out
}

func base128(n *big.Int) []byte {
	out := []byte{byte(new(big.Int).And(n, big.NewInt(0x7f)).Int64())}
	for n = new(big.Int).Rsh(n, 7); n.Sign() > 0; n.Rsh(n, 7) {
		out = append(out, 0x80|byte(new(big.Int).And(n, big.NewInt(0x7f)).Int64()))
	}
	slices.Reverse(out)
	return out
}

// Int is an INTEGER.
func Int(n int64) []byte { return BigInt(big.NewInt(n)) }

// BigInt is an INTEGER in the shortest two's complement.
func BigInt(n *big.Int) []byte {
	if n.Sign() >= 0 {
		b := n.Bytes()
		if len(b) == 0 || b[0] >= 0x80 {
			b = append([]byte{0}, b...)
		}
		return TLV(TagInteger, b)
	}
	// -n-1 has as many bits as the two's complement needs beside the sign.
	positive := new(big.Int).Not(n)
	b := positive.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	for i := range b {
		b[i] = ^b[i]
	}
	return TLV(TagInteger, b)
}

// RawInt is an INTEGER with these content octets, whatever they are.
func RawInt(content []byte) []byte { return TLV(TagInteger, content) }

// Enum is an ENUMERATED.
func Enum(n int64) []byte { return Retag(TagEnumerated, Int(n)) }

// Bool is a BOOLEAN in DER; LooseTrue is the TRUE that some centres write.
func Bool(v bool) []byte {
	if v {
		return []byte{TagBoolean, 1, 0xff}
	}
	return []byte{TagBoolean, 1, 0}
}

// LooseTrue is TRUE as 01, legal in BER only (X.690 section 11.1).
func LooseTrue() []byte { return []byte{TagBoolean, 1, 1} }

// Null is a NULL.
func Null() []byte { return []byte{TagNull, 0} }

// Octets is an OCTET STRING.
func Octets(parts ...[]byte) []byte { return TLV(TagOctetString, parts...) }

// Bits is a BIT STRING without unused bits.
func Bits(content []byte) []byte { return TLV(TagBitString, []byte{0}, content) }

// NamedBits is a BIT STRING with a named bit list: trailing zero bits are left out (X.690 section
// 11.2.2). Bit 0 is the first.
func NamedBits(bits ...int) []byte {
	var content []byte
	last := -1
	for _, b := range bits {
		for len(content) <= b/8 {
			content = append(content, 0)
		}
		content[b/8] |= 0x80 >> (b % 8)
		last = max(last, b)
	}
	if last < 0 {
		return TLV(TagBitString, []byte{0})
	}
	return TLV(TagBitString, []byte{byte(7 - last%8)}, content)
}

// UTF8 is a UTF8String.
func UTF8(s string) []byte { return TLV(TagUTF8, []byte(s)) }

// Printable is a PrintableString.
func Printable(s string) []byte { return TLV(TagPrintable, []byte(s)) }

// IA5 is an IA5String.
func IA5(s string) []byte { return TLV(TagIA5, []byte(s)) }

// BMP is a BMPString: UTF-16, big-endian.
func BMP(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return TLV(TagBMP, b)
}

// Universal is a UniversalString: UTF-32, big-endian.
func Universal(s string) []byte {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r>>24), byte(r>>16), byte(r>>8), byte(r))
	}
	return TLV(TagUniversal, b)
}

// String is text under any string tag; BMP and Universal are converted, the others take the bytes.
func String(tag byte, s string) []byte {
	switch tag {
	case TagBMP:
		return BMP(s)
	case TagUniversal:
		return Universal(s)
	}
	return TLV(tag, []byte(s))
}

// Time is a time as RFC 5280 section 4.1.2.5 writes it: UTCTime through 2049, then GeneralizedTime.
func Time(t time.Time) []byte {
	if y := t.UTC().Year(); y >= 1950 && y < 2050 {
		return UTCTime(t)
	}
	return GeneralizedTime(t)
}

// UTCTime is a UTCTime in seconds with Z.
func UTCTime(t time.Time) []byte {
	return TLV(TagUTCTime, []byte(t.UTC().Format("060102150405Z")))
}

// GeneralizedTime is a GeneralizedTime in whole seconds with Z (RFC 5280 section 4.1.2.5.2).
func GeneralizedTime(t time.Time) []byte {
	return TLV(TagGeneralizedTime, []byte(t.UTC().Format("20060102150405Z")))
}

// FractionalTime is a GeneralizedTime with the fraction of the second, if there is one, without
// trailing zeros (X.690 section 11.7).
func FractionalTime(t time.Time) []byte {
	return TLV(TagGeneralizedTime, []byte(t.UTC().Format("20060102150405.999999999")+"Z"))
}

// Algorithm is an AlgorithmIdentifier; no parameters leaves them absent.
func Algorithm(oid string, parameters ...[]byte) []byte {
	return Seq(OID(oid), Join(parameters...))
}
