// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"bytes"
	"encoding/binary"
	"slices"

	"zaver/cardreader/apdu"
)

// session is secure messaging with one authenticated terminal.
type session struct {
	encryption, mac *kuznyechik
	counter         uint64 // of the last command
	rights          byte
	signs           bool
	chain           []byte // data of a chain of sealed commands
	last            []byte // the last sealed answer, for who wants to replay it
}

// Status words of secure messaging.
const (
	swObjectsMissing apdu.SW = 0x6987
	swObjectsWrong   apdu.SW = 0x6988
)

// sealed carries out a command under secure messaging. Whatever is wrong with
// the sealing ends the session.
func (c *Card) sealed(cmd apdu.Command, fault Fault) apdu.Response {
	s := c.session
	if s == nil {
		return sw(apdu.SWConditions)
	}
	inner, word := s.open(cmd)
	if word != apdu.SWOK {
		c.dropSession()
		return sw(word)
	}
	var r apdu.Response
	if fault.Action == Answer {
		r, _ = apdu.ParseResponse(fault.Answer)
	} else {
		r = c.sealedCommand(inner)
	}
	out := s.seal(r, inner.Le > 0, fault.Action)
	if ends(inner, r.SW) {
		c.dropSession()
	}
	return out
}

func (c *Card) sealedCommand(inner apdu.Command) apdu.Response {
	s := c.session
	if inner.CLA == 0x10 {
		if s.chain = append(s.chain, inner.Data...); len(s.chain) > maxChain {
			s.chain = nil
			return sw(apdu.SWWrongLength)
		}
		return sw(apdu.SWOK)
	}
	inner.Data = slices.Concat(s.chain, inner.Data)
	s.chain = nil
	c.secure = true
	r := c.carryOut(inner)
	c.secure = false
	if r.SW.OK() && len(r.Data) > inner.Le {
		return sw(0x6C00 | apdu.SW(len(r.Data)&0xFF))
	}
	return r
}

// ends says whether the session is over after this answer.
func ends(cmd apdu.Command, word apdu.SW) bool {
	switch cmd.INS {
	case 0x20:
		return !word.OK() && len(cmd.Data) > 0
	case 0x24, 0x2C, 0x2A:
		return !word.OK()
	}
	return false
}

func (c *Card) dropSession() {
	c.session = nil
	c.auth = authentication{}
	clear(c.verified)
}

// open checks and deciphers a command: 87 when there are data, 97 when an
// answer is wanted, 8E.
func (s *session) open(cmd apdu.Command) (apdu.Command, apdu.SW) {
	s.counter += 2
	list, err := apdu.ParseTLV(cmd.Data)
	if err != nil {
		return cmd, swObjectsWrong
	}
	inner := apdu.Command{CLA: cmd.CLA &^ 0x0C, INS: cmd.INS, P1: cmd.P1, P2: cmd.P2}
	var ciphered, covered []byte
	if len(list) > 0 && list[0].Tag == 0x87 {
		ciphered, covered, list = list[0].Value, list[0].Append(covered), list[1:]
	}
	if len(list) > 0 && list[0].Tag == 0x97 {
		switch v := list[0].Value; len(v) {
		case 1:
			if inner.Le = int(v[0]); inner.Le == 0 {
				inner.Le = apdu.MaxShortLe
			}
		case 2:
			if inner.Le = int(v[0])<<8 | int(v[1]); inner.Le == 0 {
				inner.Le = apdu.MaxExtendedLe
			}
		default:
			return cmd, swObjectsWrong
		}
		covered, list = list[0].Append(covered), list[1:]
	}
	if len(list) != 1 || list[0].Tag != 0x8E {
		return cmd, swObjectsMissing
	}
	message := append(s.counterBlock(0), cmd.CLA, cmd.INS, cmd.P1, cmd.P2, 0x80)
	message = append(append(message, make([]byte, 11)...), covered...)
	if mac := s.mac.cmac(message); !bytes.Equal(mac[:8], list[0].Value) {
		return cmd, swObjectsWrong
	}
	if ciphered == nil {
		return inner, apdu.SWOK
	}
	var ok bool
	if inner.Data, ok = s.decipher(ciphered); !ok {
		return cmd, swObjectsWrong
	}
	return inner, apdu.SWOK
}

// counterBlock is the counter plus something as one block.
func (s *session) counterBlock(plus uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 8), s.counter+plus)
}

func (s *session) decipher(object []byte) ([]byte, bool) {
	if len(object) < 1+block || object[0] != 0x01 || (len(object)-1)%block != 0 {
		return nil, false
	}
	previous := s.encryption.encrypt([block]byte(s.counterBlock(0)))
	var out []byte
	for part := range slices.Chunk(object[1:], block) {
		x := s.encryption.decrypt([block]byte(part))
		for i := range x {
			x[i] ^= previous[i]
		}
		previous = [block]byte(part)
		out = append(out, x[:]...)
	}
	n := len(out) - 1
	for n > 0 && out[n] == 0 {
		n--
	}
	return out[:n], out[n] == 0x80 && len(out)-n <= block
}

// seal protects an answer: 99, 87 when there are data and they were asked for,
// 8E. An action of tests spoils it.
func (s *session) seal(r apdu.Response, wanted bool, action Action) apdu.Response {
	plus := uint64(1)
	if action == CounterOff {
		plus = 2
	}
	out := apdu.TLV{Tag: 0x99, Value: []byte{byte(r.SW >> 8), byte(r.SW)}}.Append(nil)
	if len(r.Data) > 0 && wanted {
		out = apdu.TLV{Tag: 0x87, Value: s.encipher(r.Data, plus)}.Append(out)
	}
	mac := s.mac.cmac(slices.Concat(s.counterBlock(plus), out))
	if action == WrongMAC {
		mac[0] ^= 0x01
	}
	if action != NoMAC {
		out = apdu.TLV{Tag: 0x8E, Value: mac[:8]}.Append(out)
	}
	switch action {
	case Bare:
		return r
	case Replay:
		return apdu.Response{Data: s.last, SW: r.SW}
	case CutObjects:
		return apdu.Response{Data: out[:len(out)-3], SW: r.SW}
	}
	s.last = out
	return apdu.Response{Data: out, SW: r.SW}
}

func (s *session) encipher(plain []byte, plus uint64) []byte {
	padded := append(slices.Clone(plain), 0x80)
	for len(padded)%block != 0 {
		padded = append(padded, 0)
	}
	x := s.encryption.encrypt([block]byte(s.counterBlock(plus)))
	out := []byte{0x01}
	for part := range slices.Chunk(padded, block) {
		for i := range x {
			x[i] ^= part[i]
		}
		x = s.encryption.encrypt(x)
		out = append(out, x[:]...)
	}
	return out
}
