// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"

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
	c := &Certificate{Raw: s, PathLen: -1}
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
	if c.PublicKey, err = ParsePublicKey(spki); err != nil {
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
	c.Serial = new(big.Int)
	var element cryptobyte.String
	if !tbs.ReadASN1Element(&element, casn1.INTEGER) || len(element) > maxSerial+2 || !element.ReadASN1Integer(c.Serial) {
		return malformed("serial number")
	}
	if c.Serial.Sign() <= 0 || c.Serial.BitLen() > 20*8 {
		c.warn(warnSerial)
	}
	return nil
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
	if c.Subject, err = parseName(subject, c.warn); err != nil {
		return err
	}
	var okFrom, okTo bool
	c.NotBefore, _, okFrom = der.ReadTime(&validity)
	c.NotAfter, _, okTo = der.ReadTime(&validity)
	if !okFrom || !okTo || !validity.Empty() {
		return malformed("validity")
	}
	return nil
}

// parseTail reads what may follow the key: unique identifiers and extensions.
func (c *Certificate) parseTail(tbs *cryptobyte.String) error {
	for _, n := range []uint8{1, 2} {
		if !tbs.SkipOptionalASN1(casn1.Tag(n).ContextSpecific()) {
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
	var list cryptobyte.String
	if c.Version != 3 || !explicit.ReadASN1(&list, casn1.SEQUENCE) || !explicit.Empty() || list.Empty() {
		return malformed("extensions")
	}
	for !list.Empty() {
		e, err := c.parseExtension(&list)
		if err != nil {
			return err
		}
		if _, twice := c.Extension(e.OID); twice || len(c.Extensions) == maxExtensions {
			return malformed("extension %v is repeated, or there are more than %d", e.OID, maxExtensions)
		}
		c.Extensions = append(c.Extensions, e)
		if err := c.applyExtension(e); err != nil {
			return err
		}
	}
	return nil
}

func (c *Certificate) parseExtension(list *cryptobyte.String) (Extension, error) {
	var body, value cryptobyte.String
	var e Extension
	if !list.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&e.OID) {
		return Extension{}, malformed("extension")
	}
	var ok bool
	if e.Critical, ok = c.readBoolean(&body); !ok || !body.ReadASN1(&value, casn1.OCTET_STRING) || !body.Empty() {
		return Extension{}, malformed("extension %v", e.OID)
	}
	e.Value = value
	return e, nil
}

// readBoolean reads an optional BOOLEAN, absent is false. Real certificates
// write TRUE as 01 too.
func (c *Certificate) readBoolean(s *cryptobyte.String) (value, ok bool) {
	if !s.PeekASN1Tag(casn1.BOOLEAN) {
		return false, true
	}
	var content cryptobyte.String
	if !s.ReadASN1(&content, casn1.BOOLEAN) || len(content) != 1 {
		return false, false
	}
	if content[0] != 0 && content[0] != 0xff {
		c.warn(warnBoolean)
	}
	return content[0] != 0, true
}

// readOIDs reads a SEQUENCE OF OBJECT IDENTIFIER with at least one.
func readOIDs(b []byte) ([]asn1.ObjectIdentifier, bool) {
	s := cryptobyte.String(b)
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) || !s.Empty() || list.Empty() {
		return nil, false
	}
	var out []asn1.ObjectIdentifier
	for !list.Empty() {
		var oid asn1.ObjectIdentifier
		if len(out) == maxList || !list.ReadASN1ObjectIdentifier(&oid) {
			return nil, false
		}
		out = append(out, oid)
	}
	return out, true
}
