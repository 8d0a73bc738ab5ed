// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"encoding/binary"
	"fmt"

	"zaver/cardreader/card"
)

// The tags of features (PC/SC part 10 section 2.2); getFeatures asks for them.
const (
	verifyStart   = 0x01
	verifyFinish  = 0x02
	modifyStart   = 0x03
	modifyFinish  = 0x04
	getKeyPressed = 0x05
	verifyDirect  = 0x06
	modifyDirect  = 0x07
	pinProperties = 0x0A
	abortEntry    = 0x0B
	tlvProperties = 0x12
)

// maxFeatures is more than the standard has tags.
const maxFeatures = 64

// features are control codes by tag; a tag that is not there has none.
type features map[byte]uint32

// parseFeatures reads the answer to getFeatures: tag, 4, code (big-endian). An
// answer that is not whole counts as none: a driver that cannot even list its
// features is not trusted with a PIN.
func parseFeatures(b []byte) features {
	if len(b)%6 != 0 || len(b) > 6*maxFeatures {
		return nil
	}
	f := features{}
	for ; len(b) > 0; b = b[6:] {
		code := binary.BigEndian.Uint32(b[2:])
		if b[1] != 4 || code == 0 || code == getFeatures {
			return nil
		}
		if _, twice := f[b[0]]; twice {
			return nil
		}
		f[b[0]] = code
	}
	return f
}

func (f features) all(tags ...byte) bool {
	for _, tag := range tags {
		if f[tag] == 0 {
			return false
		}
	}
	return true
}

func (f features) verify() bool { return f.all(verifyDirect) || f.all(verifyStart, verifyFinish) }
func (f features) modify() bool { return f.all(modifyDirect) || f.all(modifyStart, modifyFinish) }

// padProperties is what a keypad tells of itself; zero where it does not.
type padProperties struct {
	end             byte // kinds of end of entry that it knows
	timeout2        bool // knows a second timeout, after the first key
	low, high       int  // its own limits of the number of digits
	vendor, product uint16
}

// Tags of tlvProperties (section 2.6.14).
const (
	tagEnd      = 0x02
	tagTimeout2 = 0x03
	tagLow      = 0x06
	tagHigh     = 0x07
	tagVendor   = 0x0B
	tagProduct  = 0x0C
)

// parseProperties reads tag, length, value (little-endian) until something
// makes no sense; what came before counts, what does not fit its tag does not.
func parseProperties(b []byte) (p padProperties) {
	for len(b) >= 2 && int(b[1]) <= len(b)-2 {
		tag, value := b[0], b[2:2+int(b[1])] // as a byte, the sum would wrap
		b = b[2+len(value):]
		switch {
		case tag == tagEnd && len(value) == 1:
			p.end = value[0] & 7
		case tag == tagTimeout2 && len(value) == 1:
			p.timeout2 = value[0] != 0
		case tag == tagLow && len(value) == 1 && value[0] <= maxDigits:
			p.low = int(value[0])
		case tag == tagHigh && len(value) == 1 && value[0] > 0 && value[0] <= maxDigits:
			p.high = int(value[0])
		case tag == tagVendor && len(value) == 2:
			p.vendor = binary.LittleEndian.Uint16(value)
		case tag == tagProduct && len(value) == 2:
			p.product = binary.LittleEndian.Uint16(value)
		}
	}
	if p.high != 0 && p.low > p.high {
		p.low, p.high = 0, 0
	}
	return p
}

// fromPINProperties adds what the older structure tells (section 2.6.8).
func (p *padProperties) fromPINProperties(b []byte) {
	if len(b) == 4 && p.end == 0 {
		p.end, p.timeout2 = b[2]&7, b[3] != 0
	}
}

// limits fits an entry to what the keypad can: how many digits, and how the
// entry ends. The enter key is preferred. A keypad without one takes PINs of
// one length only.
func (p padProperties) limits(e card.PadEntry) (low, high int, end byte, err error) {
	low, high = e.Min, e.Max
	if p.low > low {
		low = p.low
	}
	if p.high != 0 && p.high < high {
		high = p.high
	}
	if low > high {
		return 0, 0, 0, fmt.Errorf("keypad for %d to %d digits, card for %d to %d", p.low, p.high, e.Min, e.Max)
	}
	switch {
	case p.end == 0, p.end&endByKey != 0:
		end = endByKey
	case p.end&endByMax != 0 && low == high:
		end = endByMax
	default:
		return 0, 0, 0, fmt.Errorf("keypad without an enter key (%#x) for %d to %d digits", p.end, low, high)
	}
	return low, high, end, nil
}
