// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"crypto"
	"crypto/rand"

	"zaver/cardreader/apdu"
)

func sw(word apdu.SW) apdu.Response { return apdu.Response{SW: word} }

func data(b []byte) apdu.Response { return apdu.Response{Data: b, SW: apdu.SWOK} }

// answerLocked carries out one command.
func (c *Card) answerLocked(raw []byte, fault Fault) []byte {
	cmd, err := apdu.ParseCommand(raw)
	if err != nil {
		c.dropSession()
		return sw(apdu.SWWrongLength).Bytes()
	}
	if fault.Action != Answer {
		c.log = append(c.log, cmd.INS)
	}
	if cmd.CLA == 0 && cmd.INS == 0xC0 {
		return c.getResponse(cmd).Bytes()
	}
	c.pending = nil
	if cmd.CLA&^0x10 == 0x0C {
		return c.deliver(cmd, c.sealed(cmd, fault)).Bytes()
	}
	c.session = nil // whoever speaks in the open has none
	clear(c.verified)
	if cmd.CLA != 0x00 && (cmd.CLA != 0x10 || cmd.INS != 0x2A || cmd.P2 != 0xBE) {
		return sw(apdu.SWClassUnsupported).Bytes()
	}
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
	case 0x20, 0x24, 0x2C:
		if !c.secure {
			return sw(apdu.SWSecurityStatus)
		}
	}
	switch cmd.INS {
	case 0xA4:
		return c.selectFID(cmd)
	case 0x82:
		return c.mutualAuthenticate(cmd)
	case 0x20:
		return c.verify(cmd)
	case 0x24:
		return c.change(cmd)
	case 0x2C:
		return c.unblock(cmd)
	case 0x2A:
		if cmd.P2 == 0xBE {
			return c.verifyCertificate(cmd)
		}
		return c.sign(cmd)
	case 0x84:
		return c.challengeAnswer(cmd)
	case 0xB0:
		return c.readBinary(cmd)
	case 0xCA:
		return c.getData(cmd)
	}
	return sw(apdu.SWInstructionUnknown)
}

// deliver fits the answer to what was asked for: whole, or announced.
func (c *Card) deliver(cmd apdu.Command, r apdu.Response) apdu.Response {
	sealed := cmd.CLA&0x0C == 0x0C
	if len(r.Data) == 0 || !r.SW.OK() && !sealed {
		return r
	}
	if c.whole = r.SW; c.cfg.GetResponse && (cmd.INS != 0xB0 || sealed) { // a sealed READ BINARY carries data: T=0 has no room for its answer
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
	return apdu.Response{Data: part, SW: c.whole}
}

// selectAID answers to the whole AID only. Selecting ends what was verified.
func (c *Card) selectAID(cmd apdu.Command) apdu.Response {
	if bytes.HasPrefix(cmd.Data, realRID()) || !bytes.Equal(cmd.Data, AID()) {
		return sw(apdu.SWFileNotFound)
	}
	c.dropSession()
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

// sign signs a ready hash, s then r; every signature needs PIN2 anew, and a
// terminal that may have the card sign.
func (c *Card) sign(cmd apdu.Command) apdu.Response {
	switch {
	case cmd.P1 != 0x9E || cmd.P2 != 0x9A:
		return sw(apdu.SWWrongP1P2)
	case !c.secure || !c.session.signs || !c.verified[PIN2]:
		return sw(apdu.SWSecurityStatus)
	case len(cmd.Data) != 32:
		return sw(apdu.SWWrongData)
	}
	c.verified[PIN2] = false
	raw, err := c.cfg.Key.Private.Sign(rand.Reader, cmd.Data, crypto.Hash(0))
	if err != nil {
		return sw(apdu.SWUnknown)
	}
	return data(raw)
}

// maxRead and maxSealed are the most that the card gives by one READ BINARY.
const (
	maxRead   = 248
	maxSealed = 224
)

// refuses says why a file may not be read now, or 9000.
func (c *Card) refuses(f *file) apdu.SW {
	switch {
	case f.access != anyone && !c.secure,
		f.access == holder && (c.session.rights&MayRead == 0 || !c.verified[PIN1]):
		return apdu.SWSecurityStatus
	}
	return apdu.SWOK
}

func (c *Card) readBinary(cmd apdu.Command) apdu.Response {
	at := int(cmd.P1)<<8 | int(cmd.P2)
	switch {
	case c.current.children != nil || c.current.content == nil:
		return sw(apdu.SWNoCurrentFile)
	case c.refuses(c.current) != apdu.SWOK:
		return sw(c.refuses(c.current))
	case at > len(c.current.content) || cmd.P1&0x80 != 0:
		return sw(apdu.SWWrongOffset)
	}
	content := c.current.content[at:]
	want := min(cmd.Le, maxRead)
	if c.secure {
		want = min(cmd.Le, maxSealed)
	}
	if want > len(content) && cmd.Le != apdu.MaxShortLe {
		return apdu.Response{Data: content, SW: apdu.SWEndOfFile}
	}
	return data(content[:min(want, len(content))])
}

// getData gives an object of the current file, or one of the application's own,
// which are readable everywhere.
func (c *Card) getData(cmd apdu.Command) apdu.Response {
	tag := apdu.Tag(cmd.P1)<<8 | apdu.Tag(cmd.P2)
	f := c.current
	value, ok := f.objects[tag]
	if !ok {
		for _, own := range append([]*file{c.root}, c.root.children...) {
			if value, ok = own.objects[tag]; ok {
				f = own
				break
			}
		}
	}
	if word := c.refuses(c.current); word != apdu.SWOK && f == c.current {
		return sw(word)
	}
	if !ok {
		return sw(apdu.SWReferenceNotFound)
	}
	if word := c.refuses(f); word != apdu.SWOK {
		return sw(word)
	}
	return data(apdu.TLV{Tag: tag, Value: value}.Append(nil))
}
