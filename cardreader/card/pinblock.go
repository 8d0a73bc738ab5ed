// SPDX-License-Identifier: Apache-2.0

package card

import "zaver/signature/pin"

// pinBlockSize is the length of a PIN block of every format, in bytes.
const pinBlockSize = 8

// check refuses a password of the wrong form before the card sees it.
func (p *Password) check(value *pin.PIN) error {
	bad := &pin.Error{Reason: pin.ReasonFormat, Tries: pin.Unknown(), Ref: p.Name}
	if value == nil || value.Len() < p.Min || value.Len() > p.Max {
		return bad
	}
	return value.Use(func(b []byte) error {
		for _, c := range b {
			if digit := c >= '0' && c <= '9'; !digit && (p.Characters != Printable || c < 0x20 || c > 0x7E) {
				return bad
			}
		}
		return nil
	})
}

// fillBlock writes a PIN block of that format; no value gives the block as it
// looks before the digits come. The value was checked.
func fillBlock(block []byte, format PINFormat, value []byte) {
	for i := range block {
		block[i] = 0xFF
	}
	if format == ASCIIPadded {
		copy(block, value)
		return
	}
	block[0] = 0x20 | byte(len(value))
	for i, c := range value {
		at := &block[1+i/2]
		if i%2 == 0 {
			*at = (c-'0')<<4 | 0x0F
		} else {
			*at = *at&0xF0 | (c - '0')
		}
	}
}
