// SPDX-License-Identifier: Apache-2.0

// Package piv alone owns the virtual PIV card: the card edge of NIST SP
// 800-73-4 part 2 as an object that answers APDUs, so that programs which nobody
// here wrote (OpenSC) and our own read one and the same card. Keys are P-256,
// P-384 or RSA with 2048 or 3072 bits; management of the card (key 9B, PUT
// DATA, GENERATE) is refused, for the card comes personalised.
//
// Its control side is that of package chip (faults at a chosen command), and
// [Card.Tries], [Card.SetTries]. It knows nothing of readers, people or
// authorities: it takes keys and certificates.
package piv

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"zaver/softhsm-fixtures/chip"
)

// References of keys (SP 800-73-4 part 1, table 4b).
const (
	Authentication     byte = 0x9A // after the PIN
	DigitalSignature   byte = 0x9C // after the PIN, each time
	KeyManagement      byte = 0x9D // after the PIN
	CardAuthentication byte = 0x9E // without a PIN
)

// References of passwords.
const (
	PIN byte = 0x80
	PUK byte = 0x81
)

// DefaultTries is the try limit where Config names none.
const DefaultTries = 3

// AID returns the application identifier with its version.
func AID() []byte {
	return []byte{0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00}
}

// ATR returns the answer to reset: T=1, historical bytes "ZAVER-PIV".
func ATR() []byte {
	atr := append([]byte{0x3B, 0x89, 0x01}, "ZAVER-PIV"...)
	check := byte(0)
	for _, c := range atr[1:] {
		check ^= c
	}
	return append(atr, check)
}

// Config is what a card is personalised with.
type Config struct {
	Keys         map[byte]crypto.Signer // by reference: *ecdsa.PrivateKey, *rsa.PrivateKey
	Certificates map[byte][]byte        // DER by reference of the key
	PIN, PUK     string                 // 6 to 8 digits; 8 printable characters
	Letters      bool                   // the PIN may have letters, too, as on no real card
	PINTries     int                    // try limits, 1 to 15; 0 means DefaultTries
	PUKTries     int
	GUID         [16]byte  // in the CHUID; zero derives one from the certificates
	Expires      time.Time // in the CHUID; zero is the end of 2030
	Compress     bool      // certificates stand on the card compressed by gzip
	// GetResponse has the card announce every answer by 61xx and give it by
	// GET RESPONSE, as cards under T=0 do.
	GetResponse bool
}

// Card is one virtual card; package vpcd puts it into a reader.
type Card struct {
	*chip.Chip
	app *application
}

// application is what runs on the chip.
type application struct {
	cfg     Config
	keys    map[byte]crypto.Signer
	objects map[string]object // by the bytes of the tag
	pins    map[byte]*password

	selected bool
	verified bool   // the PIN
	fresh    bool   // it was verified by the command before
	pending  []byte // answer waiting for GET RESPONSE
	chain    []byte // commands of a chain so far, their data
	chained  [4]byte
}

type password struct {
	value        [8]byte
	limit, tries int
}

// New personalises a card. It is out of the reader until PowerOn.
func New(cfg Config) (*Card, error) {
	for _, ref := range slices.Sorted(maps.Keys(cfg.Keys)) {
		if _, err := algorithmOf(cfg.Keys[ref]); err != nil {
			return nil, fmt.Errorf("personalise a card: key %02X: %w", ref, err)
		}
	}
	if cfg.GUID == ([16]byte{}) {
		h := sha256.New()
		for _, ref := range slices.Sorted(maps.Keys(cfg.Certificates)) {
			h.Write(cfg.Certificates[ref])
		}
		copy(cfg.GUID[:], h.Sum(nil))
	}
	if cfg.Expires.IsZero() {
		cfg.Expires = time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	pinBlock, ok := block(cfg.PIN)
	pukBlock, okPUK := block(cfg.PUK)
	if !ok || !okPUK || !cfg.goodPIN(pinBlock[:]) || !goodPUK(pukBlock[:]) {
		return nil, errors.New("personalise a card: PIN or PUK has a wrong form")
	}
	a := &application{cfg: cfg, keys: maps.Clone(cfg.Keys), pins: map[byte]*password{
		PIN: newPassword(pinBlock, cfg.PINTries), PUK: newPassword(pukBlock, cfg.PUKTries),
	}}
	var err error
	if a.objects, err = objects(cfg); err != nil {
		return nil, fmt.Errorf("personalise a card: %w", err)
	}
	return &Card{Chip: chip.New(ATR(), a), app: a}, nil
}

func newPassword(value [8]byte, limit int) *password {
	if limit < 1 || limit > 15 {
		limit = DefaultTries
	}
	return &password{value: value, limit: limit, tries: limit}
}

// algorithmOf returns the algorithm reference of a key (SP 800-78-5 table 6-2).
func algorithmOf(key crypto.Signer) (byte, error) {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		switch k.Curve {
		case elliptic.P256():
			return 0x11, nil
		case elliptic.P384():
			return 0x14, nil
		}
	case *rsa.PrivateKey:
		switch k.N.BitLen() {
		case 2048:
			return 0x07, nil
		case 3072:
			return 0x05, nil
		}
	}
	return 0, errors.New("neither P-256, P-384 nor RSA with 2048 or 3072 bits")
}

// Tries returns the tries left of PIN or PUK.
func (c *Card) Tries(ref byte) (n int) {
	c.Do(func() {
		if pw := c.app.pins[ref]; pw != nil {
			n = pw.tries
		}
	})
	return n
}

// SetTries sets the tries left of PIN or PUK, as wrong tries would: 0 blocks it,
// and a PIN that was verified is so no longer.
func (c *Card) SetTries(ref byte, n int) {
	c.Do(func() {
		if pw := c.app.pins[ref]; pw != nil {
			pw.tries = min(max(n, 0), pw.limit)
			c.app.verified, c.app.fresh = false, false
		}
	})
}
