// SPDX-License-Identifier: Apache-2.0

package cms

import "zaver/signature/internal/der"

// isBER reports that b starts with something that BER allows and DER forbids
// (X.690 section 10): an indefinite or overlong length, a string in pieces. It
// is asked after DER was refused, to give the refusal its name, and looks at
// tags and lengths alone, as far as they can be followed.
func isBER(b []byte) bool {
	if len(b) == 0 || b[0] != 0x30 {
		return false
	}
	ends := make([]int, 0, der.MaxDepth) // of the open definite elements
	for at := 0; at < len(b); {
		for len(ends) > 0 && at >= ends[len(ends)-1] {
			ends = ends[:len(ends)-1]
		}
		head, length, ber := header(b[at:])
		if ber {
			return true
		}
		if head == 0 || length > len(b)-at-head {
			return false
		}
		tag := b[at]
		at += head
		if tag&0x20 == 0 {
			at += length
			continue
		}
		if tag&0xc0 == 0 && tag != 0x30 && tag != 0x31 {
			return true // a universal string, constructed
		}
		if len(ends) == der.MaxDepth {
			return false
		}
		ends = append(ends, at+length)
	}
	return false
}

// header reads a tag of one byte and a length; size is 0 when there is none.
func header(b []byte) (size, length int, ber bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, false
	}
	n := int(b[1])
	if n < 0x80 {
		return 2, n, false
	}
	if n == 0x80 {
		return 0, 0, b[0]&0x20 != 0
	}
	n &= 0x7f
	if n > 4 || len(b) < 2+n {
		return 0, 0, n < 0x7f && len(b) >= 3 && b[2] == 0
	}
	for _, c := range b[2 : 2+n] {
		length = length<<8 | int(c)
	}
	return 2 + n, length, b[2] == 0 || length < 0x80
}
