// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"crypto/subtle"
	"strings"

	"zaver/cardreader/apdu"
)

func (c *Card) verify(cmd apdu.Command) apdu.Response {
	pw := c.pins[cmd.P2]
	switch {
	case cmd.P1 != 0:
		return sw(apdu.SWWrongP1P2)
	case pw == nil:
		return sw(apdu.SWReferenceNotFound)
	case len(cmd.Data) == 0 && c.verified[cmd.P2]:
		return sw(apdu.SWOK)
	case pw.tries == 0:
		return sw(apdu.SWMethodBlocked)
	case len(cmd.Data) == 0:
		return sw(apdu.Counter(pw.tries))
	}
	c.verified[cmd.P2] = false
	digits, ok := readBlock(cmd.Data)
	if !ok {
		return sw(apdu.SWWrongData)
	}
	pw.tries-- // before the comparison, as chips do: pulling the card then gains nothing
	defer c.keep()
	if subtle.ConstantTimeCompare([]byte(digits), []byte(pw.value)) != 1 {
		return sw(apdu.Counter(pw.tries))
	}
	pw.tries = pw.limit
	c.verified[cmd.P2] = true
	return sw(apdu.SWOK)
}

// readBlock takes the digits out of an ISO 9564-1 format 2 block.
func readBlock(b []byte) (string, bool) {
	if len(b) != 8 || b[0]>>4 != 2 {
		return "", false
	}
	n := int(b[0] & 0x0F)
	if n > 14 {
		return "", false
	}
	var digits strings.Builder
	for i := range 14 {
		nibble := b[1+i/2] >> (4 * (1 - i%2)) & 0x0F
		switch {
		case i >= n && nibble != 0x0F, i < n && nibble > 9:
			return "", false
		case i < n:
			digits.WriteByte('0' + nibble)
		}
	}
	return digits.String(), true
}

// change sets a new value (P1=01) after the old one, or the unblocking
// password, was verified.
func (c *Card) change(cmd apdu.Command) apdu.Response {
	pw := c.pins[cmd.P2]
	switch {
	case cmd.P1 != 0x01:
		return sw(apdu.SWWrongP1P2)
	case pw == nil:
		return sw(apdu.SWReferenceNotFound)
	case c.session.rights&MayChange == 0:
		return sw(apdu.SWSecurityStatus)
	case !c.verified[cmd.P2] && (cmd.P2 == KRP || !c.verified[KRP]):
		return sw(apdu.SWSecurityStatus)
	}
	digits, ok := readBlock(cmd.Data)
	if !ok || !pw.fits(digits) {
		return sw(apdu.SWWrongData)
	}
	pw.value, pw.tries = digits, pw.limit
	c.keep()
	return sw(apdu.SWOK)
}

func (c *Card) unblock(cmd apdu.Command) apdu.Response {
	pw := c.pins[cmd.P2]
	switch {
	case cmd.P1 != 0x03:
		return sw(apdu.SWWrongP1P2)
	case pw == nil || cmd.P2 == KRP:
		return sw(apdu.SWReferenceNotFound)
	case c.session.rights&MayChange == 0, !c.verified[KRP]:
		return sw(apdu.SWSecurityStatus)
	case len(cmd.Data) != 0:
		return sw(apdu.SWWrongLength)
	}
	pw.tries = pw.limit
	c.keep()
	return sw(apdu.SWOK)
}
