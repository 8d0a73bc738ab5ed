// SPDX-License-Identifier: Apache-2.0

package apdu

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Limits of the TLV parser.
const (
	MaxTLVSize  = 1 << 17 // bytes of one parsed string
	MaxTLVDepth = 8       // nested constructed objects
	MaxTLVCount = 1024    // objects in one parsed string
	maxTagBytes = 3
)

// Tag is a BER-TLV tag as its bytes read big-endian: 0x5F24, 0x6F.
type Tag uint32

// ParseTag reads a tag written in hexadecimal: "5F24".
func ParseTag(s string) (Tag, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return 0, malformed("tag %q is not hexadecimal", s)
	}
	tag, rest, err := readTag(b)
	if err != nil || len(rest) != 0 {
		return 0, malformed("tag %q", s)
	}
	return tag, nil
}

// String returns the tag in hexadecimal, as ParseTag reads it.
func (t Tag) String() string { return strings.ToUpper(hex.EncodeToString(t.bytes())) }

func (t Tag) bytes() []byte {
	switch {
	case t > 0xFFFF:
		return []byte{byte(t >> 16), byte(t >> 8), byte(t)}
	case t > 0xFF:
		return []byte{byte(t >> 8), byte(t)}
	}
	return []byte{byte(t)}
}

// Constructed reports whether objects of this tag hold other objects.
func (t Tag) Constructed() bool { return t.bytes()[0]&0x20 != 0 }

// TLV is one BER-TLV data object (ISO/IEC 7816-4 section 6.3). A constructed
// one has Children and no Value.
type TLV struct {
	Tag      Tag
	Value    []byte
	Children []TLV
}

// ParseTLV decodes a string of data objects. Bytes 00 and FF between objects
// are padding, as ISO/IEC 7816-4 allows. Values point into b.
func ParseTLV(b []byte) ([]TLV, error) {
	if len(b) > MaxTLVSize {
		return nil, malformed("%d bytes of TLV", len(b))
	}
	left := MaxTLVCount
	return parseTLVs(b, MaxTLVDepth, &left)
}

func parseTLVs(b []byte, depth int, left *int) ([]TLV, error) {
	if depth == 0 {
		return nil, malformed("TLV nested too deep")
	}
	var out []TLV
	for len(b) > 0 {
		if b[0] == 0x00 || b[0] == 0xFF {
			b = b[1:]
			continue
		}
		if *left--; *left < 0 {
			return nil, malformed("too many TLV objects")
		}
		object, rest, err := readObject(b)
		if err != nil {
			return nil, err
		}
		if object.Tag.Constructed() {
			if object.Children, err = parseTLVs(object.Value, depth-1, left); err != nil {
				return nil, fmt.Errorf("in %s: %w", object.Tag, err)
			}
			object.Value = nil
		}
		out, b = append(out, object), rest
	}
	return out, nil
}

func readTag(b []byte) (Tag, []byte, error) {
	if len(b) == 0 || b[0] == 0x00 || b[0] == 0xFF {
		return 0, nil, malformed("no tag")
	}
	tag := Tag(b[0])
	if b[0]&0x1F != 0x1F {
		return tag, b[1:], nil
	}
	for i := 1; i < len(b) && i < maxTagBytes; i++ {
		if i == 1 && b[i] == 0x80 {
			return 0, nil, malformed("tag number padded")
		}
		tag = tag<<8 | Tag(b[i])
		if b[i]&0x80 == 0 {
			return tag, b[i+1:], nil
		}
	}
	return 0, nil, malformed("tag cut or longer than %d bytes", maxTagBytes)
}

// readLength accepts definite lengths of up to three bytes after the first,
// also when they are longer than needed: cards write 81 05.
func readLength(b []byte) (int, []byte, error) {
	if len(b) == 0 {
		return 0, nil, malformed("no length")
	}
	n := int(b[0])
	if n < 0x80 {
		return n, b[1:], nil
	}
	size := n & 0x7F
	if size == 0 || size > 3 || len(b) < 1+size {
		return 0, nil, malformed("length field %02X", b[0])
	}
	n = 0
	for _, c := range b[1 : 1+size] {
		n = n<<8 | int(c)
	}
	return n, b[1+size:], nil
}

// Find returns the first object reached by following the tags down from list,
// one level per tag.
func Find(list []TLV, path ...Tag) (TLV, bool) {
	for i, tag := range path {
		found := false
		for _, object := range list {
			if object.Tag != tag {
				continue
			}
			if i == len(path)-1 {
				return object, true
			}
			list, found = object.Children, true
			break
		}
		if !found {
			break
		}
	}
	return TLV{}, false
}

// Objects decodes the data objects of b one level deep: whatever their tags
// say, contents are not looked into and stand in Value, with no Children. That
// is how containers are read whose contents are no data objects (a certificate
// in 70) or whose tag denies that they are some (53). Padding is as in
// [ParseTLV]. Values point into b.
func Objects(b []byte) ([]TLV, error) {
	if len(b) > MaxTLVSize {
		return nil, malformed("%d bytes of TLV", len(b))
	}
	var out []TLV
	for len(b) > 0 {
		if b[0] == 0x00 || b[0] == 0xFF {
			b = b[1:]
			continue
		}
		if len(out) == MaxTLVCount {
			return nil, malformed("too many TLV objects")
		}
		object, rest, err := readObject(b)
		if err != nil {
			return nil, err
		}
		out, b = append(out, object), rest
	}
	return out, nil
}

// readObject reads one object with its contents in Value.
func readObject(b []byte) (TLV, []byte, error) {
	tag, rest, err := readTag(b)
	if err != nil {
		return TLV{}, nil, err
	}
	n, rest, err := readLength(rest)
	if err != nil {
		return TLV{}, nil, fmt.Errorf("tag %s: %w", tag, err)
	}
	if n > len(rest) {
		return TLV{}, nil, malformed("tag %s: %d bytes promised, %d there", tag, n, len(rest))
	}
	return TLV{Tag: tag, Value: rest[:n:n]}, rest[n:], nil
}

// Contents follows the tags down, one level a tag, reading each level by
// [Objects], and returns the contents of the last; found is false when an object
// is missing. An empty path returns b.
func Contents(b []byte, path ...Tag) (contents []byte, found bool, err error) {
	for i, tag := range path {
		objects, err := Objects(b)
		if err != nil {
			return nil, false, fmt.Errorf("level %d: %w", i+1, err)
		}
		object, ok := Find(objects, tag)
		if !ok {
			return nil, false, nil
		}
		b = object.Value
	}
	return b, true, nil
}

// TagList returns the data field of a GET DATA that asks for objects by their
// tags: a tag list, 5C (ISO/IEC 7816-4 section 8.5.1).
func TagList(tags ...Tag) []byte {
	var list []byte
	for _, t := range tags {
		list = append(list, t.bytes()...)
	}
	return TLV{Tag: 0x5C, Value: list}.Append(nil)
}

// Append encodes the object at the end of dst with the shortest length. A
// constructed object is encoded from its Children.
func (t TLV) Append(dst []byte) []byte {
	value := t.Value
	if t.Tag.Constructed() {
		value = nil
		for _, child := range t.Children {
			value = child.Append(value)
		}
	}
	dst = append(dst, t.Tag.bytes()...)
	switch n := len(value); {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n <= 0xFF:
		dst = append(dst, 0x81, byte(n))
	case n <= 0xFFFF:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, value...)
}
