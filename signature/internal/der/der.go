// SPDX-License-Identifier: Apache-2.0

// Package der alone owns the reading of DER primitives that certificates and
// signatures share and that the standard readers take too liberally: whole-tree
// canonical form, times, algorithm identifiers. It sits below every parser of
// this tree and knows no type of theirs.
//
// The package is pure. Depth and count of elements are bounded by the caller's
// size limit and [MaxDepth].
package der

import (
	"encoding/asn1"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxDepth is how deep elements may be nested; real signatures reach 12.
const MaxDepth = 32

// ErrNotDER is returned for bytes that are no DER: indefinite or overlong
// lengths, constructed strings, padded integers, bytes behind the end.
var ErrNotDER = errors.New("not DER")

// Valid reports whether b is exactly one element in DER, down to its leaves.
// It does not know schemas: the order of SET OF and the omission of defaults
// are the parsers' to judge.
func Valid(b []byte) error {
	s := cryptobyte.String(b)
	if !valid(&s, 0) || !s.Empty() {
		return ErrNotDER
	}
	return nil
}

func valid(s *cryptobyte.String, depth int) bool {
	var content cryptobyte.String
	var tag casn1.Tag
	if depth == MaxDepth || !s.ReadAnyASN1(&content, &tag) {
		return false
	}
	const constructed, classes = 0x20, 0xc0
	if tag&constructed != 0 {
		if tag&classes == 0 && tag != casn1.SEQUENCE && tag != casn1.SET {
			return false // strings in pieces are BER
		}
		for !content.Empty() {
			if !valid(&content, depth+1) {
				return false
			}
		}
		return true
	}
	return leaf(tag, content)
}

func leaf(tag casn1.Tag, content []byte) bool {
	switch tag {
	case casn1.SEQUENCE &^ 0x20, casn1.SET &^ 0x20, 0:
		return false // these are always constructed; 0 ends BER's indefinite lengths
	case casn1.BOOLEAN:
		return len(content) == 1 && (content[0] == 0 || content[0] == 0xff)
	case casn1.NULL:
		return len(content) == 0
	case casn1.INTEGER, casn1.ENUM:
		return Integer(content)
	case casn1.BIT_STRING:
		return BitString(content)
	case casn1.OBJECT_IDENTIFIER:
		return ObjectIdentifier(content)
	default:
		return true
	}
}

// Integer reports whether content is the shortest form of an INTEGER.
func Integer(content []byte) bool {
	if len(content) == 0 {
		return false
	}
	return len(content) == 1 || (content[0] != 0 || content[1] >= 0x80) && (content[0] != 0xff || content[1] < 0x80)
}

// BitString reports whether content is a BIT STRING in DER.
func BitString(content []byte) bool {
	if len(content) == 0 || content[0] > 7 || len(content) == 1 && content[0] != 0 {
		return false
	}
	return content[len(content)-1]&(1<<content[0]-1) == 0 || len(content) == 1
}

// ObjectIdentifier reports whether content is an OBJECT IDENTIFIER in DER, with
// arcs of any size.
func ObjectIdentifier(content []byte) bool {
	start := true // of an arc, which must not begin with a zero group
	for _, c := range content {
		if start && c == 0x80 {
			return false
		}
		start = c < 0x80
	}
	return len(content) > 0 && start
}

// ReadAlgorithm reads an AlgorithmIdentifier. params is the whole DER of the
// parameters, nil when absent.
func ReadAlgorithm(s *cryptobyte.String) (oid asn1.ObjectIdentifier, params []byte, ok bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, false
	}
	if body.Empty() {
		return oid, nil, true
	}
	var one cryptobyte.String
	var tag casn1.Tag
	if !body.ReadAnyASN1Element(&one, &tag) || !body.Empty() {
		return nil, nil, false
	}
	return oid, one, true
}
