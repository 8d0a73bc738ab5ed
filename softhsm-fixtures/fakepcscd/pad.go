// SPDX-License-Identifier: Apache-2.0

package fakepcscd

import (
	"encoding/binary"
	"sync"

	"zaver/softhsm-fixtures/vpcd"
)

// Features of PC/SC part 10.
const (
	VerifyStart   = 0x01
	VerifyFinish  = 0x02
	ModifyStart   = 0x03
	ModifyFinish  = 0x04
	KeyPressed    = 0x05
	VerifyDirect  = 0x06
	ModifyDirect  = 0x07
	PINProperties = 0x0A
	Abort         = 0x0B
	TLVProperties = 0x12
)

// Control codes: that which asks for features, and the first of the features' own.
const (
	FeatureRequest = 0x42000000 + 3400
	featureBase    = 0x42330000
)

// Pad is a keypad, or what a reader says is one.
type Pad struct {
	o PadOptions

	mu       sync.Mutex
	people   []Press
	received [][]byte
	begun    *entry // START without FINISH
	stop     chan struct{}
}

// PadOptions describe a keypad.
type PadOptions struct {
	Features []byte // feature tags; nil means VerifyDirect, ModifyDirect, PINProperties, TLVProperties
	// Vendor and Product are the USB identifiers told by TLVProperties; zero leaves them out.
	Vendor, Product uint16
	// Min and Max are the keypad's own limits, told by TLVProperties; zero leaves them out.
	Min, Max byte
	// Validation are the kinds of end of entry that the keypad knows; zero means the key and the timeout (6).
	Validation byte

	// RawFeatures, RawProperties and RawPINProperties answer instead of the truth.
	RawFeatures, RawProperties, RawPINProperties []byte
	// Answer stands for the card's answer to an entry; nothing reaches the card.
	Answer []byte
	// Empty makes the answer to an entry one of no bytes.
	Empty bool
	// RV is the result of every entry; nothing reaches the card.
	RV uint32
	// Never makes an entry last until the daemon ends or the card is pulled.
	Never bool
}

// Press is what a person does at the keypad for one entry.
type Press struct {
	Digits  string // the PIN, or the old one
	New     string // the new PIN
	Again   string // the new PIN once more
	Cancel  bool   // the cancel key
	Timeout bool   // nothing at all
	// Wait, when not nil, is closed before the first key is pressed.
	Wait <-chan struct{}
}

// NewPad makes a keypad with nobody at it: an entry times out at once.
func NewPad(o PadOptions) *Pad {
	if o.Features == nil {
		o.Features = []byte{VerifyDirect, ModifyDirect, PINProperties, TLVProperties}
	}
	if o.Validation == 0 {
		o.Validation = 6
	}
	return &Pad{o: o, stop: make(chan struct{})}
}

// Person says what the person does at the next entries, one after another.
func (p *Pad) Person(presses ...Press) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.people = append(p.people, presses...)
}

// Received returns the structures of the entries so far.
func (p *Pad) Received() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([][]byte(nil), p.received...)
}

// interrupt ends the entry under way; a nil Pad has none.
func (p *Pad) interrupt() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.stop)
	p.stop = make(chan struct{})
}

// features is the answer to FeatureRequest: tag, 4, control code (big-endian).
func (p *Pad) features() []byte {
	if p.o.RawFeatures != nil {
		return p.o.RawFeatures
	}
	var b []byte
	for _, tag := range p.o.Features {
		b = append(b, tag, 4)
		b = binary.BigEndian.AppendUint32(b, featureBase+uint32(tag))
	}
	return b
}

// properties is the answer to TLVProperties (part 10, section 2.6.14).
func (p *Pad) properties() []byte {
	if p.o.RawProperties != nil {
		return p.o.RawProperties
	}
	b := []byte{1, 2, 0, 0, 2, 1, p.o.Validation, 3, 1, 0}
	if p.o.Max != 0 {
		b = append(b, 6, 1, p.o.Min, 7, 1, p.o.Max)
	}
	if p.o.Vendor != 0 {
		b = binary.LittleEndian.AppendUint16(append(b, 0x0B, 2), p.o.Vendor)
		b = binary.LittleEndian.AppendUint16(append(b, 0x0C, 2), p.o.Product)
	}
	return b
}

func (p *Pad) pinProperties() []byte {
	if p.o.RawPINProperties != nil {
		return p.o.RawPINProperties
	}
	return []byte{0, 0, p.o.Validation, 0}
}

func (c *client) control(message, payload []byte, rv uint32) ([]byte, bool) {
	var answer []byte
	head, ok := told(message, rv, func(m *controlMsg) (uint32, bool) {
		r, card, refused, known := c.use(m.Card)
		if !known {
			return refused, false
		}
		m.Returned = 0
		if refused != rvSuccess {
			return refused, true
		}
		got, result := r.controlWith(card, m.Code, payload)
		if result != rvSuccess {
			return result, true
		}
		answer, m.Returned, result = fit(got, m.RecvLength)
		return result, true
	})
	return append(head, answer...), ok
}

// controlWith carries out a control code.
func (r *Reader) controlWith(card vpcd.Card, code uint32, payload []byte) ([]byte, uint32) {
	if code == FeatureRequest {
		if r.pad == nil {
			return nil, rvSuccess
		}
		return r.pad.features(), rvSuccess
	}
	if r.pad == nil || code < featureBase || code > featureBase+0xFF {
		return nil, RVUnsupportedFeature
	}
	p := r.pad
	switch code - featureBase {
	case TLVProperties:
		return p.properties(), rvSuccess
	case PINProperties:
		return p.pinProperties(), rvSuccess
	case VerifyDirect, ModifyDirect:
		e := p.begin(payload, code-featureBase == ModifyDirect)
		return r.finish(card, e)
	case VerifyStart, ModifyStart:
		e := p.begin(payload, code-featureBase == ModifyStart)
		p.mu.Lock()
		p.begun = e
		p.mu.Unlock()
		return nil, rvSuccess
	case KeyPressed:
		return p.key()
	case Abort:
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.begun == nil {
			return nil, RVUnsupportedFeature
		}
		p.begun.press = Press{Cancel: true}
		return nil, rvSuccess
	case VerifyFinish, ModifyFinish:
		p.mu.Lock()
		e := p.begun
		p.begun = nil
		p.mu.Unlock()
		if e == nil {
			return nil, RVUnsupportedFeature
		}
		return r.finish(card, e)
	}
	return nil, RVUnsupportedFeature
}

// entry is one PIN entry under way.
type entry struct {
	form  form
	valid bool
	press Press
	stop  <-chan struct{}
	keys  int // told by KeyPressed so far
}

func (p *Pad) begin(payload []byte, modify bool) *entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received = append(p.received, append([]byte(nil), payload...))
	e := &entry{press: Press{Timeout: true}, stop: p.stop}
	if len(p.people) > 0 {
		e.press, p.people = p.people[0], p.people[1:]
	}
	e.form, e.valid = readForm(payload, modify)
	return e
}

// Keys that KeyPressed tells.
const (
	keyNone    = 0x00
	keyEnter   = 0x0D
	keyTimeout = 0x0E
	keyCancel  = 0x1B
	keyDigit   = 0x2B
)

func (p *Pad) key() ([]byte, uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.begun
	if e == nil {
		return nil, RVUnsupportedFeature
	}
	if e.press.Wait != nil {
		select {
		case <-e.press.Wait:
		default:
			return []byte{keyNone}, rvSuccess
		}
	}
	switch e.keys++; {
	case e.press.Cancel:
		return []byte{keyCancel}, rvSuccess
	case e.press.Timeout:
		return []byte{keyTimeout}, rvSuccess
	case e.keys <= len(e.press.Digits+e.press.New+e.press.Again):
		return []byte{keyDigit}, rvSuccess
	}
	return []byte{keyEnter}, rvSuccess
}

// finish waits for the person and has the card judge what was typed.
func (r *Reader) finish(card vpcd.Card, e *entry) ([]byte, uint32) {
	o := r.pad.o
	if o.RV != 0 {
		return nil, o.RV
	}
	wait := e.press.Wait
	if o.Never {
		wait = make(chan struct{})
	}
	if wait != nil {
		select {
		case <-wait:
		case <-e.stop:
		}
	}
	select {
	case <-e.stop: // though a key was pressed, too
		return nil, RVNotTransacted
	default:
	}
	switch {
	case o.Empty:
		return nil, rvSuccess
	case o.Answer != nil:
		return o.Answer, rvSuccess
	case !e.valid:
		return []byte{0x6B, 0x80}, rvSuccess
	}
	command, sw := e.form.fill(e.press, o)
	if sw != 0 {
		return binary.BigEndian.AppendUint16(nil, sw), rvSuccess
	}
	if card == nil {
		return nil, RVUnpoweredCard
	}
	answer, ok := r.exchangeWith(card, command)
	if !ok {
		return nil, RVNotTransacted
	}
	return answer, rvSuccess
}
