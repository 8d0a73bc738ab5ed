// SPDX-License-Identifier: Apache-2.0

package der

// The identifier bytes that parsers of this tree compare with.
const (
	TagBoolean     = 0x01
	TagInteger     = 0x02
	TagBitString   = 0x03
	TagOctetString = 0x04
	TagNull        = 0x05
	TagOID         = 0x06
	TagUTF8        = 0x0c
	TagNumeric     = 0x12
	TagPrintable   = 0x13
	TagTeletex     = 0x14
	TagIA5         = 0x16
	TagUTCTime     = 0x17
	TagGeneralized = 0x18
	TagVisible     = 0x1a
	TagUniversal   = 0x1c
	TagBMP         = 0x1e
	TagSequence    = 0x30
	TagSet         = 0x31
)

// Element decodes the header of the element that begins at b[pos] and ends
// before b[end]: its identifier byte and where its content begins and stops.
// The length must be in the shortest form (X.690 section 10.1), the tag number
// below 31. It reads the header alone and never allocates.
func Element(b []byte, pos, end int) (tag byte, start, stop int, ok bool) {
	if pos < 0 || end > len(b) || end-pos < 2 || b[pos]&0x1f == 0x1f {
		return 0, 0, 0, false
	}
	tag, start = b[pos], pos+2
	length := int(b[pos+1])
	if length >= 0x80 {
		n := length & 0x7f
		if n == 0 || n > 4 || end-start < n || b[start] == 0 {
			return 0, 0, 0, false
		}
		length = 0
		for _, c := range b[start : start+n] {
			length = length<<8 | int(c)
		}
		if start += n; length < 0x80 {
			return 0, 0, 0, false
		}
	}
	if length < 0 || length > end-start {
		return 0, 0, 0, false
	}
	return tag, start, start + length, true
}
