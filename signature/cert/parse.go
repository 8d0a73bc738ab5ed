// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// maxSerial is the longest serial number in bytes that is read at all. RFC 5280
// allows 20 plus a sign byte.
const maxSerial = 64

// Parse reads one certificate (RFC 5280 section 4.1). It does not check the
// signature. Codes: cert.malformed, cert.too_large.
func Parse(b []byte) (*Certificate, error) {
	if len(b) > MaxSize {
		return nil, &Error{Code: codeTooLarge, Reason: fmt.Sprintf("more than %d bytes", MaxSize)}
	}
	s := cryptobyte.String(bytes.Clone(b))
	c := &Certificate{Raw: s, PathLen: -1, RequireExplicitPolicy: -1, InhibitPolicyMapping: -1, InhibitAnyPolicy: -1}
	var body, tbs cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() {
		return nil, malformed("not one SEQUENCE")
	}
	if !body.ReadASN1Element(&tbs, casn1.SEQUENCE) {
		return nil, malformed("no signed part")
	}
	c.RawTBS = tbs
	var sigAlgorithm cryptobyte.String
	if !body.ReadASN1Element(&sigAlgorithm, casn1.SEQUENCE) || !body.ReadASN1BitStringAsBytes(&c.Signature) || !body.Empty() {
		return nil, malformed("signature part")
	}
	if err := c.parseTBS(tbs, sigAlgorithm); err != nil {
		return nil, err
	}
	c.sum = sha256.Sum256(c.Raw)
	return c, nil
}

func (c *Certificate) warn(code string) {
	if !slices.Contains(c.Warnings, code) {
		c.Warnings = append(c.Warnings, code)
	}
}

func (c *Certificate) parseTBS(element, sigAlgorithm cryptobyte.String) error {
	var tbs cryptobyte.String
	if !element.ReadASN1(&tbs, casn1.SEQUENCE) {
		return malformed("signed part")
	}
	if err := c.parseVersion(&tbs); err != nil {
		return err
	}
	if err := c.parseSerial(&tbs); err != nil {
		return err
	}
	var inner cryptobyte.String
	if !tbs.ReadASN1Element(&inner, casn1.SEQUENCE) || !bytes.Equal(inner, sigAlgorithm) {
		return malformed("the two signature algorithms differ")
	}
	var ok bool
	if c.SignatureOID, c.SignatureParams, ok = der.ReadAlgorithm(&inner); !ok {
		return malformed("signature algorithm")
	}
	if err := c.parseNamesAndTimes(&tbs); err != nil {
		return err
	}
	var spki cryptobyte.String
	if !tbs.ReadASN1Element(&spki, casn1.SEQUENCE) {
		return malformed("no public key")
	}
	c.RawSPKI = spki
	var err error
	if c.PublicKey, err = parseKey(spki, c.warn); err != nil {
		return err
	}
	return c.parseTail(&tbs)
}

func (c *Certificate) parseVersion(tbs *cryptobyte.String) error {
	var explicit cryptobyte.String
	var present bool
	if !tbs.ReadOptionalASN1(&explicit, &present, casn1.Tag(0).ContextSpecific().Constructed()) {
		return malformed("version")
	}
	c.Version = 1
	if present {
		var v int
		if !explicit.ReadASN1Integer(&v) || !explicit.Empty() || v < 1 || v > 2 {
			return malformed("version")
		}
		c.Version = v + 1
	}
	return nil
}

func (c *Certificate) parseSerial(tbs *cryptobyte.String) error {
	var content cryptobyte.String
	var ok bool
	if !tbs.ReadASN1(&content, casn1.INTEGER) {
		return malformed("serial number")
	}
	if c.Serial, ok = readSerial(content); !ok {
		return malformed("serial number")
	}
	if c.Serial.Sign() <= 0 || len(content) > 20 {
		c.warn(warnSerial)
	}
	return nil
}

// readSerial reads the content octets of an INTEGER.
func readSerial(content []byte) (*big.Int, bool) {
	if len(content) > maxSerial || !der.Integer(content) {
		return nil, false
	}
	n := new(big.Int).SetBytes(content)
	if content[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(content))))
	}
	return n, true
}

func (c *Certificate) parseNamesAndTimes(tbs *cryptobyte.String) error {
	var issuer, validity, subject cryptobyte.String
	if !tbs.ReadASN1Element(&issuer, casn1.SEQUENCE) || !tbs.ReadASN1(&validity, casn1.SEQUENCE) || !tbs.ReadASN1Element(&subject, casn1.SEQUENCE) {
		return malformed("names and validity")
	}
	c.RawIssuer, c.RawSubject = issuer, subject
	var err error
	if c.Issuer, err = parseName(issuer, c.warn); err != nil {
		return err
	}
	if bytes.Equal(subject, issuer) { // of a root: read once
		c.Subject = c.Issuer
	} else if c.Subject, err = parseName(subject, c.warn); err != nil {
		return err
	}
	if c.NotBefore, err = c.readTime(&validity); err != nil {
		return err
	}
	if c.NotAfter, err = c.readTime(&validity); err != nil {
		return err
	}
	if !validity.Empty() {
		return malformed("bytes behind the validity")
	}
	return nil
}

// readTime takes a GeneralizedTime for the years of UTCTime too: real
// certificates have it, and it means the same.
func (c *Certificate) readTime(s *cryptobyte.String) (time.Time, error) {
	t, tag, ok := der.ReadTime(s)
	if !ok {
		return time.Time{}, malformed("validity")
	}
	if der.WrongChoice(t, tag) {
		c.warn(warnTime)
	}
	return t, nil
}

// parseTail reads what may follow the key: unique identifiers and extensions.
func (c *Certificate) parseTail(tbs *cryptobyte.String) error {
	for n := range uint8(2) {
		var id cryptobyte.String
		var present bool
		if !tbs.ReadOptionalASN1(&id, &present, casn1.Tag(n+1).ContextSpecific()) || present && (c.Version == 1 || !der.BitString(id)) {
			return malformed("unique identifier")
		}
	}
	var explicit cryptobyte.String
	var present bool
	if !tbs.ReadOptionalASN1(&explicit, &present, casn1.Tag(3).ContextSpecific().Constructed()) || !tbs.Empty() {
		return malformed("bytes behind the public key")
	}
	if !present {
		return nil
	}
	if c.Version != 3 {
		return malformed("extensions in version %d", c.Version)
	}
	var err error
	if c.Extensions, err = readExtensions(&explicit, c.warn); err != nil {
		return err
	}
	if !explicit.Empty() {
		return malformed("bytes behind the extensions")
	}
	for _, e := range c.Extensions {
		if err := c.applyExtension(e); err != nil {
			return err
		}
	}
	return nil
}

// ReadExtensions reads an Extensions element, a SEQUENCE of at least one and of
// different extensions (RFC 5280 section 4.2), as certificates, CRLs, their
// entries and OCSP answers have it. Code: cert.malformed.
func ReadExtensions(s *cryptobyte.String) ([]Extension, error) {
	return readExtensions(s, func(string) {})
}

func readExtensions(s *cryptobyte.String, warn func(string)) ([]Extension, error) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) || list.Empty() {
		return nil, malformed("extensions")
	}
	out := make([]Extension, 0, min(countElements(list, 0, len(list)), maxExtensions))
	for !list.Empty() {
		e, err := readExtension(&list, warn)
		if err != nil {
			return nil, err
		}
		if len(out) == maxExtensions {
			return nil, malformed("more than %d extensions", maxExtensions)
		}
		for i := range out {
			if out[i].OID.Equal(e.OID) {
				return nil, malformed("extension %v is repeated", e.OID)
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func readExtension(list *cryptobyte.String, warn func(string)) (Extension, error) {
	var body, value cryptobyte.String
	if !list.ReadASN1(&body, casn1.SEQUENCE) {
		return Extension{}, malformed("extension")
	}
	oid, ok := readOID(&body)
	if !ok {
		return Extension{}, malformed("extension")
	}
	e := Extension{OID: oid}
	if e.Critical, ok = readBoolean(&body, warn); !ok || !body.ReadASN1(&value, casn1.OCTET_STRING) || !body.Empty() {
		return Extension{}, malformed("extension %v", e.OID)
	}
	e.Value = value
	return e, nil
}

// readBoolean reads an optional BOOLEAN, absent is false. Real certificates
// write TRUE as 01 too, and FALSE though it is the default.
func readBoolean(s *cryptobyte.String, warn func(string)) (value, ok bool) {
	if !s.PeekASN1Tag(casn1.BOOLEAN) {
		return false, true
	}
	var content cryptobyte.String
	if !s.ReadASN1(&content, casn1.BOOLEAN) || len(content) != 1 {
		return false, false
	}
	switch content[0] {
	case 0:
		warn(warnDefault)
	case 0xff:
	default:
		warn(warnBoolean)
	}
	return content[0] != 0, true
}
