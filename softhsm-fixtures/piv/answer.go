// SPDX-License-Identifier: Apache-2.0

package piv

import (
	"bytes"

	"zaver/cardreader/apdu"
)

// maxChain bounds the data of a command chain in bytes.
const maxChain = 4096

func sw(word apdu.SW) apdu.Response { return apdu.Response{SW: word} }

func data(b []byte) apdu.Response { return apdu.Response{Data: b, SW: apdu.SWOK} }

// Reset implements chip.Application.
func (a *application) Reset() {
	a.selected, a.verified, a.fresh, a.pending, a.chain = false, false, false, nil, nil
}

// Answer implements chip.Application; it has no faults of its own.
func (a *application) Answer(raw []byte, _ any) []byte {
	cmd, err := apdu.ParseCommand(raw)
	switch {
	case err != nil:
		return sw(apdu.SWWrongLength).Bytes()
	case cmd.CLA == 0x0C || cmd.CLA == 0x1C:
		return sw(apdu.SWMessagingUnsupported).Bytes()
	case cmd.CLA != 0x00 && cmd.CLA != 0x10:
		return sw(apdu.SWClassUnsupported).Bytes()
	case cmd.INS == 0xC0:
		return a.getResponse(cmd).Bytes()
	}
	a.pending = nil
	whole, early := a.gather(cmd)
	if early != 0 {
		return sw(early).Bytes()
	}
	fresh := a.fresh
	r := a.carryOut(whole, fresh)
	if whole.INS != 0x20 { // "PIN always" means right before
		a.fresh = false
	}
	return a.deliver(whole, r).Bytes()
}

// gather collects the commands of a chain (part 2 section 3, command chaining).
// A word other than zero is the answer at once.
func (a *application) gather(cmd apdu.Command) (apdu.Command, apdu.SW) {
	head := [4]byte{cmd.INS, cmd.P1, cmd.P2, 1}
	if a.chain != nil && a.chained != head {
		a.chain = nil
		return cmd, apdu.SWLastOfChainExpected
	}
	if len(a.chain)+len(cmd.Data) > maxChain {
		a.chain = nil
		return cmd, apdu.SWWrongLength
	}
	if cmd.Chained() {
		if cmd.INS != 0x87 && cmd.INS != 0xDB {
			return cmd, apdu.SWChainUnsupported
		}
		a.chain, a.chained = append(append([]byte{}, a.chain...), cmd.Data...), head
		return cmd, apdu.SWOK
	}
	cmd.Data = append(a.chain, cmd.Data...)
	a.chain = nil
	return cmd, 0
}

func (a *application) carryOut(cmd apdu.Command, fresh bool) apdu.Response {
	if cmd.INS == 0xA4 {
		return a.selectAID(cmd)
	}
	if !a.selected {
		return sw(apdu.SWConditions)
	}
	switch cmd.INS {
	case 0x20:
		return a.verify(cmd)
	case 0x24:
		return a.change(cmd)
	case 0x2C:
		return a.unblock(cmd)
	case 0x87:
		return a.authenticate(cmd, fresh)
	case 0xCB:
		return a.getData(cmd)
	case 0xDB, 0x47:
		return sw(apdu.SWSecurityStatus) // management needs key 9B, which this card has not
	}
	return sw(apdu.SWInstructionUnknown)
}

// deliver fits the answer to what was asked for: whole, or in parts.
func (a *application) deliver(cmd apdu.Command, r apdu.Response) apdu.Response {
	if len(r.Data) == 0 || !r.SW.OK() {
		return r
	}
	a.pending = r.Data
	if a.cfg.GetResponse || cmd.Le == 0 {
		return sw(a.waiting())
	}
	return a.getResponse(cmd)
}

func (a *application) getResponse(cmd apdu.Command) apdu.Response {
	if len(a.pending) == 0 {
		return sw(apdu.SWConditions)
	}
	n := min(cmd.Le, len(a.pending))
	part := a.pending[:n]
	a.pending = a.pending[n:]
	return apdu.Response{Data: part, SW: a.waiting()}
}

// waiting is 61xx while some of an answer waits, else 9000.
func (a *application) waiting() apdu.SW {
	if rest := len(a.pending); rest > 0 {
		return 0x6100 | apdu.SW(min(rest, 256)&0xFF)
	}
	return apdu.SWOK
}

// selectAID answers to the AID with or without its version. Selecting the
// application again leaves a verified PIN verified; selecting another that is
// not there leaves everything (part 2 section 3.1.1).
func (a *application) selectAID(cmd apdu.Command) apdu.Response {
	if cmd.P1 != 0x04 || cmd.P2 != 0x00 {
		return sw(apdu.SWWrongP1P2)
	}
	if len(cmd.Data) < 9 || !bytes.HasPrefix(AID(), cmd.Data) {
		return sw(apdu.SWFileNotFound)
	}
	a.selected = true
	aid := AID()
	template := put(nil, 0x4F, aid[5:]...)
	template = put(template, 0x79, put(nil, 0x4F, aid[:5]...)...)
	template = put(template, 0x50, []byte("ZAVER-PIV")...)
	return data(put(nil, 0x61, template...))
}

func (a *application) getData(cmd apdu.Command) apdu.Response {
	if cmd.P1 != 0x3F || cmd.P2 != 0xFF {
		return sw(apdu.SWWrongP1P2)
	}
	list, err := apdu.Objects(cmd.Data)
	if err != nil || len(list) != 1 || list[0].Tag != 0x5C {
		return sw(apdu.SWWrongData)
	}
	o, ok := a.objects[string(list[0].Value)]
	switch {
	case !ok:
		return sw(apdu.SWFileNotFound)
	case o.secret && !a.verified:
		return sw(apdu.SWSecurityStatus)
	}
	return data(o.content)
}
