// SPDX-License-Identifier: Apache-2.0

package piv

import (
	"crypto/subtle"
	"unicode"

	"zaver/cardreader/apdu"
)

// block writes a password as the card edge has it: eight bytes, FF at the end.
func block(s string) ([8]byte, bool) {
	b := [8]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}
	return b, copy(b[:], s) == len(s) && len(s) > 0
}

// goodPIN demands 6 to 8 digits, or letters where the card takes them, and then FF (part 2 section 2.4.3).
func (c Config) goodPIN(b []byte) bool {
	n := 0
	for n < len(b) && (b[n] >= '0' && b[n] <= '9' || c.Letters && unicode.IsLetter(rune(b[n])) && b[n] < unicode.MaxASCII) {
		n++
	}
	for _, c := range b[n:] {
		if c != 0xFF {
			return false
		}
	}
	return n >= 6 && len(b) == 8
}

// goodPUK demands eight bytes, any.
func goodPUK(b []byte) bool { return len(b) == 8 }

// compare spends a try before it compares, as chips do: pulling the card then
// gains nothing.
func (p *password) compare(b []byte) apdu.SW {
	if p.tries == 0 {
		return apdu.SWMethodBlocked
	}
	p.tries--
	if subtle.ConstantTimeCompare(b, p.value[:]) != 1 {
		return apdu.Counter(p.tries)
	}
	p.tries = p.limit
	return apdu.SWOK
}

// verify is VERIFY (part 2 section 3.2.1). P1=FF forgets that the PIN was verified.
func (a *application) verify(cmd apdu.Command) apdu.Response {
	pw := a.pins[PIN]
	switch {
	case cmd.P2 != PIN: // the PUK cannot be verified
		return sw(apdu.SWReferenceNotFound)
	case cmd.P1 == 0xFF && len(cmd.Data) == 0:
		a.verified, a.fresh = false, false
		return sw(apdu.SWOK)
	case cmd.P1 != 0:
		return sw(apdu.SWWrongP1P2)
	case len(cmd.Data) == 0 && a.verified:
		return sw(apdu.SWOK)
	case pw.tries == 0:
		return sw(apdu.SWMethodBlocked)
	case len(cmd.Data) == 0:
		return sw(apdu.Counter(pw.tries))
	case !a.cfg.goodPIN(cmd.Data):
		return sw(apdu.SWWrongData)
	}
	word := pw.compare(cmd.Data)
	a.verified, a.fresh = word.OK(), word.OK()
	return sw(word)
}

// change is CHANGE REFERENCE DATA (section 3.2.2): old value and new one.
func (a *application) change(cmd apdu.Command) apdu.Response {
	pw := a.pins[cmd.P2]
	switch {
	case pw == nil:
		return sw(apdu.SWReferenceNotFound)
	case cmd.P1 != 0:
		return sw(apdu.SWWrongP1P2)
	case len(cmd.Data) != 16:
		return sw(apdu.SWWrongLength)
	case pw.tries == 0:
		return sw(apdu.SWMethodBlocked)
	case cmd.P2 == PIN && (!a.cfg.goodPIN(cmd.Data[:8]) || !a.cfg.goodPIN(cmd.Data[8:])):
		return sw(apdu.SWWrongData)
	}
	word := pw.compare(cmd.Data[:8])
	if word.OK() {
		copy(pw.value[:], cmd.Data[8:])
	}
	if cmd.P2 == PIN {
		a.verified = word.OK()
	}
	return sw(word)
}

// unblock is RESET RETRY COUNTER (section 3.2.3): the PUK and a new PIN.
func (a *application) unblock(cmd apdu.Command) apdu.Response {
	puk := a.pins[PUK]
	switch {
	case cmd.P2 != PIN:
		return sw(apdu.SWReferenceNotFound)
	case cmd.P1 != 0:
		return sw(apdu.SWWrongP1P2)
	case len(cmd.Data) != 16:
		return sw(apdu.SWWrongLength)
	case puk.tries == 0:
		return sw(apdu.SWMethodBlocked)
	case !a.cfg.goodPIN(cmd.Data[8:]):
		return sw(apdu.SWWrongData)
	}
	word := puk.compare(cmd.Data[:8])
	if word.OK() {
		pw := a.pins[PIN]
		copy(pw.value[:], cmd.Data[8:])
		pw.tries, a.verified = pw.limit, false
	}
	return sw(word)
}
