// SPDX-License-Identifier: Apache-2.0

// Package apdu alone owns the bytes that travel between a terminal and a smart
// card: command and response APDUs (ISO/IEC 7816-4 section 5, 2013), the
// meaning of status words, BER-TLV data objects and packed decimal numbers.
//
// The package is pure: no I/O, no clock, no state, no logging; everything in
// it may be used from many goroutines at once. All parsers are bounded and
// never panic on outside input. Buffers that hold a PIN belong to the caller,
// who wipes them; nothing here keeps a reference to its input beyond what a
// function's comment says.
package apdu

import (
	"errors"
	"fmt"
)

// Limits of a command (ISO/IEC 7816-4 section 5.1).
const (
	MaxShortData    = 255   // bytes of data in a short command
	MaxShortLe      = 256   // bytes asked for by a short command
	MaxExtendedData = 65535 // bytes of data in an extended command
	MaxExtendedLe   = 65536 // bytes asked for by an extended command
)

// chainBit is bit 5 of CLA: more commands of the chain follow.
const chainBit = 0x10

// SecureMessaging is what CLA carries when the command is sealed with its
// header (ISO/IEC 7816-4 section 5.4.1).
const SecureMessaging = 0x0C

// ErrMalformed is wrapped by every error about bytes that are not what they
// should be.
var ErrMalformed = errors.New("malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// Command is one command APDU.
type Command struct {
	CLA, INS, P1, P2 byte
	// Data is the command data field; at most MaxExtendedData bytes.
	Data []byte
	// Le is the number of bytes expected in answer: 0 none, up to
	// MaxExtendedLe. 256 is what a short Le of 00 means.
	Le int
}

// Extended reports whether the command needs extended length fields.
func (c Command) Extended() bool { return len(c.Data) > MaxShortData || c.Le > MaxShortLe }

// Bytes encodes the command, with short length fields when they suffice. The
// result is a fresh buffer of exact size, so wiping it wipes every copy made.
func (c Command) Bytes() ([]byte, error) { return c.AppendTo(make([]byte, 0, c.Len())) }

// AppendTo encodes the command behind b, which needs room for Len bytes if no
// copy may be made elsewhere. On failure nothing is written.
func (c Command) AppendTo(b []byte) ([]byte, error) {
	if len(c.Data) > MaxExtendedData {
		return nil, fmt.Errorf("encode command: %d bytes of data", len(c.Data))
	}
	if c.Le < 0 || c.Le > MaxExtendedLe {
		return nil, fmt.Errorf("encode command: Le %d", c.Le)
	}
	b = append(b, c.CLA, c.INS, c.P1, c.P2)
	if !c.Extended() {
		if len(c.Data) > 0 {
			b = append(append(b, byte(len(c.Data))), c.Data...)
		}
		if c.Le > 0 {
			b = append(b, byte(c.Le))
		}
		return b, nil
	}
	b = append(b, 0)
	if len(c.Data) > 0 {
		b = append(append(b, byte(len(c.Data)>>8), byte(len(c.Data))), c.Data...)
	}
	if c.Le > 0 {
		b = append(b, byte(c.Le>>8), byte(c.Le))
	}
	return b, nil
}

// CarriesPIN says whether the data of commands with this instruction may be a
// password: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, each in both
// codings (ISO/IEC 7816-4 section 11.5).
func CarriesPIN(ins byte) bool {
	switch ins &^ 1 {
	case 0x20, 0x24, 0x2C:
		return true
	}
	return false
}

// Len is the number of bytes that the command takes.
func (c Command) Len() int {
	n, field := 4, 1
	if c.Extended() {
		n, field = 5, 2
	}
	if len(c.Data) > 0 {
		n += field + len(c.Data)
	}
	if c.Le > 0 {
		n += field
	}
	return n
}

// ParseCommand decodes a command APDU, cases 1 to 4, short and extended. Data
// points into b.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, malformed("command of %d bytes", len(b))
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	body := b[4:]
	switch {
	case len(body) == 0:
		return c, nil
	case len(body) == 1:
		c.Le = le(int(body[0]), MaxShortLe)
		return c, nil
	case body[0] != 0:
		return parseShort(c, body)
	default:
		return parseExtended(c, body[1:])
	}
}

func parseShort(c Command, body []byte) (Command, error) {
	n := int(body[0])
	switch len(body) - 1 - n {
	case 0:
	case 1:
		c.Le = le(int(body[len(body)-1]), MaxShortLe)
	default:
		return Command{}, malformed("Lc %d in a body of %d bytes", n, len(body))
	}
	c.Data = body[1 : 1+n : 1+n]
	return c, nil
}

func parseExtended(c Command, body []byte) (Command, error) {
	if len(body) < 2 {
		return Command{}, malformed("extended length of %d bytes", len(body))
	}
	n := int(body[0])<<8 | int(body[1])
	if len(body) == 2 {
		c.Le = le(n, MaxExtendedLe)
		return c, nil
	}
	switch {
	case n > 0 && len(body) == 2+n:
	case n > 0 && len(body) == 4+n:
		c.Le = le(int(body[2+n])<<8|int(body[3+n]), MaxExtendedLe)
	default:
		return Command{}, malformed("extended Lc %d in a body of %d bytes", n, len(body))
	}
	c.Data = body[2 : 2+n : 2+n]
	return c, nil
}

// le maps an encoded Le to bytes: zero means the most.
func le(n, most int) int {
	if n == 0 {
		return most
	}
	return n
}

// Chain splits the command into commands of at most limit bytes of data each,
// all but the last with the chaining bit set (ISO/IEC 7816-4 section 5.3.3);
// only the last asks for an answer. The parts share Data.
func (c Command) Chain(limit int) []Command {
	if limit < 1 || limit > MaxShortData {
		limit = MaxShortData
	}
	var parts []Command
	for rest := c.Data; ; {
		n := min(limit, len(rest))
		part := c
		part.Data, rest = rest[:n:n], rest[n:]
		if len(rest) == 0 {
			return append(parts, part)
		}
		part.CLA |= chainBit
		part.Le = 0
		parts = append(parts, part)
	}
}

// Chained reports whether more commands of the same chain follow.
func (c Command) Chained() bool { return c.CLA&0xE0 == 0 && c.CLA&chainBit != 0 }
