// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/subtle"
	"strings"

	"zaver/cardreader/apdu"
)

func sw(word apdu.SW) apdu.Response { return apdu.Response{SW: word} }

func data(b []byte) apdu.Response { return apdu.Response{Data: b, SW: apdu.SWOK} }

// answerLocked carries out one command.
func (c *Card) answerLocked(raw []byte) []byte {
	cmd, err := apdu.ParseCommand(raw)
	if err != nil {
		return sw(apdu.SWWrongLength).Bytes()
	}
	c.log = append(c.log, cmd.INS)
	if cmd.CLA == 0x0C {
		return sw(apdu.SWMessagingUnsupported).Bytes()
	}
	if cmd.CLA != 0x00 {
		return sw(apdu.SWClassUnsupported).Bytes()
	}
	if cmd.INS == 0xC0 {
		return c.getResponse(cmd).Bytes()
	}
	c.pending = nil
	r := c.carryOut(cmd)
	return c.deliver(cmd, r).Bytes()
}

func (c *Card) carryOut(cmd apdu.Command) apdu.Response {
	if cmd.INS == 0xA4 && cmd.P1 == 0x04 {
		return c.selectAID(cmd)
	}
	if !c.selected {
		if cmd.INS == 0xA4 {
			return sw(apdu.SWFileNotFound)
		}
		return sw(apdu.SWConditions)
	}
	switch cmd.INS {
	case 0xA4:
		return c.selectFID(cmd)
	case 0x20:
		return c.verify(cmd)
	case 0x24:
		return c.change(cmd)
	case 0x2C:
		return c.unblock(cmd)
	case 0x2A:
		return c.sign(cmd)
	case 0x84:
		return c.challenge(cmd)
	case 0xB0:
		return c.readBinary(cmd)
	case 0xCA:
		return c.getData(cmd)
	}
	return sw(apdu.SWInstructionUnknown)
}

// deliver fits the answer to what was asked for: whole, or announced.
func (c *Card) deliver(cmd apdu.Command, r apdu.Response) apdu.Response {
	if len(r.Data) == 0 || !r.SW.OK() {
		return r
	}
	if c.cfg.GetResponse && cmd.INS != 0xB0 {
		c.pending = r.Data
		return sw(0x6100 | apdu.SW(min(len(r.Data), 256)&0xFF))
	}
	if cmd.Le < len(r.Data) {
		if len(r.Data) > apdu.MaxShortLe {
			c.pending = r.Data
			return sw(0x6100)
		}
		return sw(0x6C00 | apdu.SW(len(r.Data)&0xFF))
	}
	return r
}

func (c *Card) getResponse(cmd apdu.Command) apdu.Response {
	if len(c.pending) == 0 {
		return sw(apdu.SWConditions)
	}
	n := min(cmd.Le, len(c.pending))
	part := c.pending[:n]
	c.pending = c.pending[n:]
	if rest := len(c.pending); rest > 0 {
		return apdu.Response{Data: part, SW: 0x6100 | apdu.SW(min(rest, 256)&0xFF)}
	}
	return data(part)
}

// selectAID answers to the whole AID only. Selecting ends what was verified.
func (c *Card) selectAID(cmd apdu.Command) apdu.Response {
	if bytes.HasPrefix(cmd.Data, realRID()) || !bytes.Equal(cmd.Data, AID()) {
		return sw(apdu.SWFileNotFound)
	}
	clear(c.verified)
	c.selected, c.current = true, c.root
	return c.selectedAnswer(cmd)
}

func (c *Card) selectFID(cmd apdu.Command) apdu.Response {
	if cmd.P1 != 0 || len(cmd.Data) != 2 {
		return sw(apdu.SWWrongP1P2)
	}
	fid := uint16(cmd.Data[0])<<8 | uint16(cmd.Data[1])
	found := c.root
	if fid != fidRoot {
		if found = c.current.child(fid); found == nil {
			found = c.root.child(fid)
		}
	}
	if found == nil {
		return sw(apdu.SWFileNotFound)
	}
	c.current = found
	return c.selectedAnswer(cmd)
}

func (c *Card) selectedAnswer(cmd apdu.Command) apdu.Response {
	if cmd.P2 == 0x0C {
		return sw(apdu.SWOK)
	}
	return data(c.selectAnswer(c.current, cmd.P2))
}

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
	case !c.verified[cmd.P2] && (cmd.P2 == KRP || !c.verified[KRP]):
		return sw(apdu.SWSecurityStatus)
	}
	digits, ok := readBlock(cmd.Data)
	if !ok || !pw.fits(digits) {
		return sw(apdu.SWWrongData)
	}
	pw.value, pw.tries = digits, pw.limit
	return sw(apdu.SWOK)
}

func (c *Card) unblock(cmd apdu.Command) apdu.Response {
	pw := c.pins[cmd.P2]
	switch {
	case cmd.P1 != 0x03:
		return sw(apdu.SWWrongP1P2)
	case pw == nil || cmd.P2 == KRP:
		return sw(apdu.SWReferenceNotFound)
	case !c.verified[KRP]:
		return sw(apdu.SWSecurityStatus)
	case len(cmd.Data) != 0:
		return sw(apdu.SWWrongLength)
	}
	pw.tries = pw.limit
	return sw(apdu.SWOK)
}

// sign computes r||s over a ready hash; every signature needs PIN2 anew.
func (c *Card) sign(cmd apdu.Command) apdu.Response {
	switch {
	case cmd.P1 != 0x9E || cmd.P2 != 0x9A:
		return sw(apdu.SWWrongP1P2)
	case !c.verified[PIN2]:
		return sw(apdu.SWSecurityStatus)
	case len(cmd.Data) != 32:
		return sw(apdu.SWWrongData)
	}
	c.verified[PIN2] = false
	r, s, err := ecdsa.Sign(rand.Reader, c.cfg.Key, cmd.Data)
	if err != nil {
		return sw(apdu.SWUnknown)
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return data(raw)
}

func (c *Card) challenge(cmd apdu.Command) apdu.Response {
	b := make([]byte, 16)
	if cmd.Le != 0 && cmd.Le < len(b) {
		return sw(apdu.SWWrongLength)
	}
	_, _ = rand.Read(b) // never fails
	return data(b)
}

// maxRead is the most that the card gives by one READ BINARY.
const maxRead = 248

func (c *Card) readBinary(cmd apdu.Command) apdu.Response {
	at := int(cmd.P1)<<8 | int(cmd.P2)
	switch {
	case c.current.children != nil || c.current.content == nil:
		return sw(apdu.SWNoCurrentFile)
	case at > len(c.current.content) || cmd.P1&0x80 != 0:
		return sw(apdu.SWWrongOffset)
	}
	content := c.current.content[at:]
	want := min(cmd.Le, maxRead)
	if want > len(content) && cmd.Le != apdu.MaxShortLe {
		return apdu.Response{Data: content, SW: apdu.SWEndOfFile}
	}
	return data(content[:min(want, len(content))])
}

func (c *Card) getData(cmd apdu.Command) apdu.Response {
	tag := apdu.Tag(cmd.P1)<<8 | apdu.Tag(cmd.P2)
	value, ok := c.current.objects[tag]
	holder := c.current
	if !ok { // the application's own objects are readable everywhere
		value, ok = c.root.objects[tag]
		holder = c.root
	}
	switch {
	case c.current.secret && !c.verified[PIN1]:
		return sw(apdu.SWSecurityStatus)
	case !ok:
		return sw(apdu.SWReferenceNotFound)
	case holder.secret && !c.verified[PIN1]:
		return sw(apdu.SWSecurityStatus)
	}
	return data(apdu.TLV{Tag: tag, Value: value}.Append(nil))
}
