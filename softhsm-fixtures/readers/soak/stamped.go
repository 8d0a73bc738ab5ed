// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"time"

	"zaver/softhsm-fixtures/piv"
)

// stamped is a signature card that notes when the daemon has noticed it: when
// the daemon has given it power and has its answer to reset.
type stamped struct {
	*piv.Card
	certificate []byte

	mu      sync.Mutex
	powered bool
	at      time.Time
}

func newStamped(name string) (*stamped, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	c, err := piv.New(piv.Config{PIN: "123456", PUK: "12345678", Keys: map[byte]crypto.Signer{piv.DigitalSignature: key},
		Certificates: map[byte][]byte{piv.DigitalSignature: der}})
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	return &stamped{Card: c, certificate: der}, nil
}

// forget prepares the next insertion.
func (s *stamped) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.powered, s.at = false, time.Time{}
}

// noticed returns when the daemon had the card's first answer to reset under power.
func (s *stamped) noticed() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// PowerOn implements vpcd.Card.
func (s *stamped) PowerOn() {
	s.Card.PowerOn()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.powered = true
}

// Transmit implements vpcd.Card. A card that came unseen into a reader under
// power has had its power since.
func (s *stamped) Transmit(command []byte) ([]byte, error) {
	s.mu.Lock()
	off := !s.powered
	s.mu.Unlock()
	if off {
		s.PowerOn()
	}
	return s.Card.Transmit(command)
}

// ATR implements vpcd.Card; the driver asks for it in every look, too.
func (s *stamped) ATR() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.powered && s.at.IsZero() {
		s.at = time.Now()
	}
	return s.Card.ATR()
}
