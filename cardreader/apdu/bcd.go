// SPDX-License-Identifier: Apache-2.0

package apdu

// DecodeCN reads packed decimal digits that are left-aligned and padded with F
// ("compressed numeric": SNILS, PAN). Padding may only follow the digits.
func DecodeCN(b []byte) (string, error) {
	digits := make([]byte, 0, 2*len(b))
	padded := false
	for _, c := range b {
		for _, nibble := range [2]byte{c >> 4, c & 0x0F} {
			switch {
			case nibble == 0x0F:
				padded = true
			case nibble > 9 || padded:
				return "", malformed("digits of a compressed number")
			default:
				digits = append(digits, '0'+nibble)
			}
		}
	}
	return string(digits), nil
}

// EncodeCN writes digits into size bytes, left-aligned, padded with F.
func EncodeCN(digits string, size int) ([]byte, error) {
	if len(digits) > 2*size {
		return nil, malformed("%d digits for %d bytes", len(digits), size)
	}
	b := make([]byte, size)
	for i := range 2 * size {
		nibble := byte(0x0F)
		if i < len(digits) {
			if digits[i] < '0' || digits[i] > '9' {
				return nil, malformed("not a digit")
			}
			nibble = digits[i] - '0'
		}
		b[i/2] = b[i/2]<<4 | nibble
	}
	return b, nil
}

// DecodeN reads packed decimal digits that fill every byte, padded with zeros
// on the left ("numeric": dates, policy numbers). The zeros are kept.
func DecodeN(b []byte) (string, error) {
	digits := make([]byte, 0, 2*len(b))
	for _, c := range b {
		if c>>4 > 9 || c&0x0F > 9 {
			return "", malformed("digits of a number")
		}
		digits = append(digits, '0'+c>>4, '0'+c&0x0F)
	}
	return string(digits), nil
}

// EncodeN writes digits into size bytes, right-aligned, padded with zeros.
func EncodeN(digits string, size int) ([]byte, error) {
	if len(digits) > 2*size {
		return nil, malformed("%d digits for %d bytes", len(digits), size)
	}
	b := make([]byte, size)
	shift := 2*size - len(digits)
	for i := range digits {
		if digits[i] < '0' || digits[i] > '9' {
			return nil, malformed("not a digit")
		}
		at := shift + i
		b[at/2] |= (digits[i] - '0') << (4 * (1 - at%2))
	}
	return b, nil
}
