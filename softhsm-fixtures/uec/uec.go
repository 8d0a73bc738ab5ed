// SPDX-License-Identifier: Apache-2.0

// Package uec alone owns the virtual UEC card: the identification application
// of a universal electronic card as an object that answers APDUs. It answers
// under an AID of its own from the unregistered range (F0…) and refuses the
// registered one of the real card, so that nobody can take it for one.
//
// The card signs by GOST R 34.10-2012 (256 bits) and talks of anything but its
// public files only under secure messaging with a terminal that its [Root]
// vouches for, in the suite gost2012-kuznyechik of cardreader/card. It computes
// everything by means of its own, not by those of the terminal.
//
// It keeps its retry counters over power-off, as a chip does, and over the end
// of the process when Config.State names a file. The control side is for tests: faults at a chosen command
// ([Card.Inject]), counters and validity set from outside. It knows nothing of readers (package vpcd
// puts it into one), of people or of a certificate authority: it takes key,
// certificates and holder's data.
//
// One Card serves one reader at a time; the control side may be used from
// other goroutines meanwhile.
package uec

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"time"

	"zaver/cardreader/apdu"
	"zaver/signature/gost"
	"zaver/softhsm-fixtures/chip"
	"zaver/softhsm-fixtures/gostsign"
	"zaver/softhsm-fixtures/mint"
)

// ErrPulled is that of package chip.
var ErrPulled = chip.ErrPulled

// AID returns the application identifier: F0, "ZAVERUEC", version 1.
func AID() []byte { return append(append([]byte{0xF0}, "ZAVERUEC"...), 0x01) }

// ATR returns the answer to reset: T=1, historical bytes "ZAVER-UEC".
func ATR() []byte {
	atr := append([]byte{0x3B, 0x89, 0x01}, "ZAVER-UEC"...)
	check := byte(0)
	for _, c := range atr[1:] {
		check ^= c
	}
	return append(atr, check)
}

// realRID is the registered provider of the real card; no emulator answers to it.
func realRID() []byte { return []byte{0xA0, 0x00, 0x00, 0x04, 0x32} }

// Password references (P2 of VERIFY).
const (
	PIN1 byte = 0x01 // opens the holder's data
	PIN2 byte = 0x02 // signs, once per verification
	KRP  byte = 0x05 // unblocks the others
)

// Factory try limits.
const (
	PINTries = 3
	KRPTries = 10
)

// Holder is the personal data on the card.
type Holder struct {
	SNILS         string // 11 digits
	Policy        string // 16 digits; empty when the card carries none
	FullName      string
	Surname       string
	Given         string
	Patronymic    string
	IssuerAddress string
	BirthDate     time.Time
	BirthPlace    string
	Sex           int // ISO/IEC 5218
	Address       string
	Phone         string
	Email         string
	INN           string // 12 digits
	Photo         []byte // JPEG; a small picture when nil
}

// Config is what a card is personalised with.
type Config struct {
	Key          *mint.Key // GOST R 34.10-2012 of 256 bits
	Certificates [][]byte  // DER, the key's own first, its chain after
	Holder       Holder
	PIN1, PIN2   string // digits, shown to nobody: a test card's secrets
	KRP          string
	First, Last  time.Time // days of validity, in the answer to SELECT
	Digits       int       // of the longest password, 8 to 14; 8 when zero, as on any real card
	PAN          string    // up to 19 digits; empty gives a made-up one
	Greeting     string    // pass phrase, at most 40 characters
	// GetResponse has the card announce answers by 61xx and give them by GET
	// RESPONSE, as cards under T=0 do.
	GetResponse bool
	// Root is the system that the card belongs to; Shared when nil.
	Root *Root
	// Application is the key of terminal authentication; made when nil.
	Application *gostsign.PrivateKey
	// State is a file that keeps passwords and counters over the process's end; "" keeps none.
	State string
	// Inconsistent makes the application say so of itself (DF2C).
	Inconsistent bool
	// Now tells the day by which certificates of terminals are judged; time.Now when nil.
	Now func() time.Time
	// Spoil changes the card-verifiable certificates of the card's own key before they are stored; for tests.
	Spoil func(own, issuer []byte) ([]byte, []byte)
}

// Card is one virtual card.
type Card struct {
	*chip.Chip
	cfg         Config
	root        *file
	rootKey     *gost.PublicKey
	application *gostsign.PrivateKey

	// The chip's Do guards everything below.
	selected bool // the application
	current  *file
	verified map[byte]bool
	auth     authentication
	session  *session
	secure   bool // the command being carried out came sealed
	pins     map[byte]*password
	pending  []byte  // answer waiting for GET RESPONSE
	whole    apdu.SW // the status that ends it
	first    time.Time
	last     time.Time
	log      []byte // instruction bytes carried out, for tests
}

type password struct {
	value        string
	limit, tries int
	min, max     int
}

// GenerateKey makes the key pair of a card. The certificate is issued over its
// public half before New.
func GenerateKey() (*mint.Key, error) { return mint.NewKey(mint.GOST256A), nil }

// New personalises a card. It is out of the reader until PowerOn.
func New(cfg Config) (*Card, error) {
	if cfg.Key == nil || !cfg.Key.Kind.IsGOST() || cfg.Key.Kind.ParamSet().Bits() != 256 {
		return nil, errors.New("personalise a card: the key is not GOST of 256 bits")
	}
	if cfg.PAN == "" {
		cfg.PAN = "9643000000000000018"
	}
	if cfg.Root == nil {
		cfg.Root = Shared()
	}
	if cfg.Application == nil {
		cfg.Application = NewKey()
	}
	longest := cmp.Or(cfg.Digits, 8)
	rootKey, err := gost.ParsePublicKey(keySet(), cfg.Root.Key.Public())
	if err != nil {
		return nil, fmt.Errorf("personalise a card: %w", err)
	}
	c := &Card{
		cfg: cfg, rootKey: rootKey, application: cfg.Application,
		first: cfg.First, last: cfg.Last, verified: map[byte]bool{},
		pins: map[byte]*password{
			PIN1: {value: cfg.PIN1, limit: PINTries, tries: PINTries, min: 4, max: longest},
			PIN2: {value: cfg.PIN2, limit: PINTries, tries: PINTries, min: 6, max: longest},
			KRP:  {value: cfg.KRP, limit: KRPTries, tries: KRPTries, min: 8, max: longest},
		},
	}
	c.Chip = chip.New(ATR(), answering{c})
	for ref, pw := range c.pins {
		if !pw.fits(pw.value) {
			return nil, fmt.Errorf("personalise a card: password %02X has a wrong form", ref)
		}
	}
	if c.root, err = layout(cfg); err != nil {
		return nil, fmt.Errorf("personalise a card: %w", err)
	}
	if err := c.recall(); err != nil {
		return nil, fmt.Errorf("personalise a card: %w", err)
	}
	return c, nil
}

func (p *password) fits(digits string) bool {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) >= p.min && len(digits) <= p.max
}

// answering is the side of a card that its chip sees.
type answering struct{ card *Card }

// Reset implements chip.Application: nothing selected, nothing verified.
func (a answering) Reset() {
	c := a.card
	c.selected, c.current, c.pending = false, nil, nil
	c.dropSession()
}

// Answer implements chip.Application.
func (a answering) Answer(command []byte, own any) []byte {
	c := a.card
	fault, _ := own.(Fault)
	switch {
	case fault.Action == Answer && (c.session == nil || !isSealed(command) || fault.Open):
		return bytes.Clone(fault.Answer)
	case fault.Action == DropSession:
		c.dropSession()
	}
	return c.answerLocked(command, fault)
}
