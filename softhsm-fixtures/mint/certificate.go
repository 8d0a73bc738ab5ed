// SPDX-License-Identifier: Apache-2.0

// Package mint alone owns the making of signed objects for tests and emulators, as right or as wrong
// as one wishes: certificates, CRLs, OCSP answers, timestamps and signed data, by RSA, ECDSA, Ed25519
// and GOST keys. It writes DER by itself (mint/asn) and shares no code with the parsers under test.
//
// A value describes the object, a method signs it. Zero fields give what a good object has. Mistakes
// of the caller panic: a test case stays one line long, and emulators use constants. Values may be
// used by several goroutines as long as nobody changes them.
package mint

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"time"

	"zaver/softhsm-fixtures/mint/asn"
)

// Party is who signs: a certificate with its key. DER may be nil for a bare key.
type Party struct {
	DER    []byte
	Name   Name // subject
	Issuer Name
	Serial *big.Int
	Key    *Key
	SKI    []byte // what the subject key identifier says, nil when absent
}

// PEM is the certificate.
func (p *Party) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.DER})
}

// PartyOf is a certificate that exists already with its key, which may be nil for one that signs nothing.
// The certificate must be good enough for crypto/x509 to read.
func PartyOf(der []byte, key crypto.Signer) (*Party, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read a certificate to sign with: %w", err)
	}
	p := &Party{DER: der, Name: c.RawSubject, Issuer: c.RawIssuer, Serial: c.SerialNumber, SKI: c.SubjectKeyId}
	if key != nil {
		p.Key = FromSigner(key)
	}
	return p, nil
}

// As is the same key under another name, for certificates and CRLs that name an issuer falsely.
func (p *Party) As(n Name) *Party {
	out := *p
	out.Name = n
	return &out
}

// Using is the same name and identifiers over another key.
func (p *Party) Using(k *Key) *Party {
	out := *p
	out.Key = k
	return &out
}

// Certificate is a certificate to be made (RFC 5280 section 4.1).
type Certificate struct {
	Subject Name
	// Key is the subject's; SPKI replaces what is written of it, and is enough where the key lives elsewhere.
	Key  *Key
	SPKI []byte
	// Version is what stands in the field plus one; 0 means 3, 1 leaves the field out.
	Version int
	// Serial is random of 16 octets when nil; RawSerial are content octets that replace it.
	Serial    *big.Int
	RawSerial []byte
	// Issuer is the signer's name when nil.
	Issuer Name
	// NotBefore is 2020-01-01 and NotAfter 2045-01-01 when zero; Validity (DER) replaces both.
	NotBefore, NotAfter time.Time
	Validity            []byte
	// Extensions are written in this order; none leaves the field out, EmptyExtensions writes an empty list.
	Extensions      []Extension
	EmptyExtensions bool
	// UniqueIDs is DER between key and extensions ([1] and [2]).
	UniqueIDs []byte
	// Inner and Outer replace the AlgorithmIdentifier inside and beside what is signed.
	Inner, Outer []byte
	// EditTBS changes the TBSCertificate before it is signed, EditSignature the signature after.
	EditTBS       func(tbs []byte) []byte
	EditSignature func(signature []byte) []byte
	// Edit changes the finished certificate.
	Edit func(der []byte) []byte
}

// Sign makes the certificate by that issuer; nil makes it self-signed.
func (c Certificate) Sign(issuer *Party) *Party {
	subject := &Party{Name: c.Subject, Key: c.Key, Serial: c.Serial}
	if subject.Name == nil {
		subject.Name = NameOf()
	}
	if issuer == nil {
		issuer = subject
		if c.Issuer != nil {
			issuer = subject.As(c.Issuer)
		}
	}
	if subject.Serial == nil {
		subject.Serial = NewSerial()
	}
	if c.RawSerial != nil {
		subject.Serial = new(big.Int).SetBytes(c.RawSerial)
	}
	subject.Issuer = orBytes(c.Issuer, issuer.Name)
	tbs := c.tbs(subject, issuer)
	if c.EditTBS != nil {
		tbs = c.EditTBS(tbs)
	}
	subject.DER = seal(tbs, issuer.Key, c.Outer, c.EditSignature)
	if c.Edit != nil {
		subject.DER = c.Edit(subject.DER)
	}
	return subject
}

func (c Certificate) tbs(subject, issuer *Party) []byte {
	version := asn.Explicit(0, asn.Int(2))
	switch {
	case c.Version == 1:
		version = nil
	case c.Version != 0:
		version = asn.Explicit(0, asn.Int(int64(c.Version-1)))
	}
	serial := asn.BigInt(subject.Serial)
	if c.RawSerial != nil {
		serial = asn.RawInt(c.RawSerial)
	}
	spki := c.SPKI
	if spki == nil {
		spki = c.Key.SPKI
	}
	validity := c.Validity
	if validity == nil {
		validity = asn.Seq(
			asn.Time(orTime(c.NotBefore, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))),
			asn.Time(orTime(c.NotAfter, time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC))))
	}
	var extensions []byte
	if len(c.Extensions) > 0 || c.EmptyExtensions {
		// The subject key identifier first: a self-signed certificate's AKI repeats it.
		for _, e := range c.Extensions {
			if e.OID == OIDSubjectKeyID {
				subject.SKI = e.ski(spki)
			}
		}
		extensions = asn.Explicit(3, encodeExtensions(c.Extensions, spki, issuer, subject))
	}
	return asn.Seq(version, serial, orBytes(c.Inner, issuer.Key.Algorithm), subject.Issuer,
		validity, subject.Name, spki, c.UniqueIDs, extensions)
}

// seal signs a to-be-signed structure in the form that certificates, CRLs and OCSP answers share.
func seal(tbs []byte, key *Key, outer []byte, edit func([]byte) []byte) []byte {
	signature := key.SignMessage(tbs)
	if edit != nil {
		signature = edit(slices.Clone(signature))
	}
	return asn.Seq(tbs, orBytes(outer, key.Algorithm), asn.Bits(signature))
}

// Root makes a self-signed authority with the extensions of CAExtensions.
func Root(name string, k Kind, extra ...Extension) *Party {
	return Certificate{Subject: CN(name), Key: NewKey(k), Extensions: append(CAExtensions(), extra...)}.Sign(nil)
}

// CA makes an authority under another, with the extensions of CAExtensions.
func CA(name string, k Kind, issuer *Party, extra ...Extension) *Party {
	return Certificate{Subject: CN(name), Key: NewKey(k), Extensions: append(CAExtensions(), extra...)}.Sign(issuer)
}

// Leaf makes an end entity with the extensions of LeafExtensions.
func Leaf(name string, k Kind, issuer *Party, extra ...Extension) *Party {
	return Certificate{Subject: CN(name), Key: NewKey(k), Extensions: append(LeafExtensions(), extra...)}.Sign(issuer)
}

// CAExtensions are basicConstraints CA without a path length, keyUsage keyCertSign and cRLSign, SKI, AKI.
func CAExtensions() []Extension {
	return []Extension{BasicConstraints(true, -1), KeyUsage(KeyCertSign, CRLSign), SKI(), AKI()}
}

// LeafExtensions are keyUsage digitalSignature and nonRepudiation, SKI, AKI.
func LeafExtensions() []Extension {
	return []Extension{KeyUsage(DigitalSignature, NonRepudiation), SKI(), AKI()}
}

// NewSerial is a random positive serial number of 16 octets.
func NewSerial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b)
}

// FlipBit is an edit that turns one bit of the octet at i; negative i counts from the end.
func FlipBit(i int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = slices.Clone(b)
		if i < 0 {
			b[len(b)+i] ^= 1
		} else {
			b[i] ^= 1
		}
		return b
	}
}

// Replace is an edit that puts other bytes, of any length, at the only place where old stands; the
// lengths around it are not mended.
func Replace(old, with []byte) func([]byte) []byte {
	return func(b []byte) []byte {
		i := index(b, old)
		return slices.Concat(b[:i], with, b[i+len(old):])
	}
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

func orBytes[T ~[]byte, U ~[]byte](b T, otherwise U) []byte {
	if b == nil {
		return otherwise
	}
	return b
}
