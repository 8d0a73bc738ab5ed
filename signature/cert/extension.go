// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

const (
	maxExtensions = 64
	maxList       = 64   // identifiers, addresses, policies in one extension
	maxURL        = 2048 // bytes
	maxTool       = 1000 // bytes; RFC 9215 allows 200 characters
)

// The policies of RFC 9215 section 4.1: the class of the signature tool. A
// certificate lists all classes up to its own.
var (
	PolicyKC1 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 1}
	PolicyKC2 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 2}
	PolicyKC3 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 3}
	PolicyKB1 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 4}
	PolicyKB2 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 5}
	PolicyKA1 = asn1.ObjectIdentifier{1, 2, 643, 100, 113, 6}
)

// The extensions that are read, RFC 5280 section 4.2 and RFC 9215 section 4.
var (
	OIDKeyUsage           = asn1.ObjectIdentifier{2, 5, 29, 15}
	OIDBasicConstraints   = asn1.ObjectIdentifier{2, 5, 29, 19}
	OIDSubjectKeyID       = asn1.ObjectIdentifier{2, 5, 29, 14}
	OIDAuthorityKeyID     = asn1.ObjectIdentifier{2, 5, 29, 35}
	OIDExtKeyUsage        = asn1.ObjectIdentifier{2, 5, 29, 37}
	OIDCRLPoints          = asn1.ObjectIdentifier{2, 5, 29, 31}
	OIDPolicies           = asn1.ObjectIdentifier{2, 5, 29, 32}
	OIDPrivateKeyPeriod   = asn1.ObjectIdentifier{2, 5, 29, 16}
	OIDSubjectAltName     = asn1.ObjectIdentifier{2, 5, 29, 17}
	OIDAuthorityInfo      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	OIDSubjectSignTool    = asn1.ObjectIdentifier{1, 2, 643, 100, 111}
	OIDIssuerSignTool     = asn1.ObjectIdentifier{1, 2, 643, 100, 112}
	OIDIdentificationKind = asn1.ObjectIdentifier{1, 2, 643, 100, 114}

	oidAccessOCSP      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1}
	oidAccessCAIssuers = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 2}
)

// readers is the table of extensions; what is absent is kept raw, and refused
// by the chain when critical.
var readers = []struct {
	oid  asn1.ObjectIdentifier
	read func(*Certificate, []byte) bool
}{
	{OIDKeyUsage, (*Certificate).readKeyUsage},
	{OIDBasicConstraints, (*Certificate).readBasicConstraints},
	{OIDSubjectKeyID, (*Certificate).readSKI},
	{OIDAuthorityKeyID, (*Certificate).readAKI},
	{OIDExtKeyUsage, (*Certificate).readExtKeyUsage},
	{OIDCRLPoints, (*Certificate).readCRLPoints},
	{OIDPolicies, (*Certificate).readPolicies},
	{OIDPrivateKeyPeriod, (*Certificate).readPrivateKeyPeriod},
	{OIDAuthorityInfo, (*Certificate).readAuthorityInfo},
	{OIDSubjectSignTool, (*Certificate).readSubjectSignTool},
	{OIDIssuerSignTool, (*Certificate).readIssuerSignTool},
	{OIDIdentificationKind, (*Certificate).readIdentificationKind},
	// Other names of the subject play no part here, so they hinder nothing.
	{OIDSubjectAltName, func(*Certificate, []byte) bool { return true }},
}

func (c *Certificate) applyExtension(e Extension) error {
	for _, r := range readers {
		if r.oid.Equal(e.OID) {
			if !r.read(c, e.Value) {
				return malformed("extension %v", e.OID)
			}
			return nil
		}
	}
	if e.Critical {
		c.UnhandledCritical = append(c.UnhandledCritical, e.OID)
	}
	return nil
}

func (c *Certificate) readKeyUsage(b []byte) bool {
	s := cryptobyte.String(b)
	var bits asn1.BitString
	if !s.ReadASN1BitString(&bits) || !s.Empty() || bits.BitLength > 16 {
		return false
	}
	c.HasKeyUsage = true
	for i := range 9 {
		c.KeyUsage |= KeyUsage(bits.At(i)) << i
	}
	return true
}

func (c *Certificate) readBasicConstraints(b []byte) bool {
	s := cryptobyte.String(b)
	var body cryptobyte.String
	var ok bool
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() {
		return false
	}
	c.HasBasicConstraints = true
	if c.IsCA, ok = c.readBoolean(&body); !ok {
		return false
	}
	if body.Empty() {
		return true
	}
	n := 0
	if !body.ReadASN1Integer(&n) || !body.Empty() || n < 0 || n > 255 {
		return false
	}
	c.PathLen = n
	return true
}

func (c *Certificate) readSKI(b []byte) bool {
	s := cryptobyte.String(b)
	return s.ReadASN1Bytes(&c.SKI, casn1.OCTET_STRING) && s.Empty() && len(c.SKI) > 0
}

func (c *Certificate) readAKI(b []byte) bool {
	s := cryptobyte.String(b)
	var body, id cryptobyte.String
	var present bool
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() ||
		!body.ReadOptionalASN1(&id, &present, casn1.Tag(0).ContextSpecific()) ||
		!body.SkipOptionalASN1(casn1.Tag(1).ContextSpecific().Constructed()) ||
		!body.SkipOptionalASN1(casn1.Tag(2).ContextSpecific()) {
		return false
	}
	if present {
		c.AKI = id
	}
	return body.Empty()
}

func (c *Certificate) readExtKeyUsage(b []byte) (ok bool) {
	c.ExtKeyUsage, ok = readOIDs(b)
	return ok
}

// readCRLPoints keeps full names that are addresses; points that name only a
// directory entry or some reasons serve nobody here.
func (c *Certificate) readCRLPoints(b []byte) bool {
	s := cryptobyte.String(b)
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) || !s.Empty() || list.Empty() {
		return false
	}
	for n := 0; !list.Empty(); n++ {
		var point, name, full, reasons cryptobyte.String
		var hasName, hasFull, hasReasons bool
		if n == maxList || !list.ReadASN1(&point, casn1.SEQUENCE) ||
			!point.ReadOptionalASN1(&name, &hasName, casn1.Tag(0).ContextSpecific().Constructed()) ||
			!point.ReadOptionalASN1(&reasons, &hasReasons, casn1.Tag(1).ContextSpecific()) ||
			!point.SkipOptionalASN1(casn1.Tag(2).ContextSpecific().Constructed()) || !point.Empty() ||
			!name.ReadOptionalASN1(&full, &hasFull, casn1.Tag(0).ContextSpecific().Constructed()) {
			return false
		}
		for hasFull && !full.Empty() {
			url, ok := readGeneralName(&full)
			if !ok {
				return false
			}
			if url != "" && !hasReasons && len(c.CRLs) < maxList {
				c.CRLs = append(c.CRLs, url)
			}
		}
	}
	return true
}

// readGeneralName reads any GeneralName and returns it when it is an address
// of http or https.
func readGeneralName(s *cryptobyte.String) (url string, ok bool) {
	var content cryptobyte.String
	var tag casn1.Tag
	if !s.ReadAnyASN1(&content, &tag) {
		return "", false
	}
	if tag != casn1.Tag(6).ContextSpecific() || len(content) > maxURL {
		return "", true
	}
	u := string(content)
	for _, r := range u {
		if r <= ' ' || r >= 0x7f {
			return "", true
		}
	}
	if l := strings.ToLower(u); strings.HasPrefix(l, "http://") || strings.HasPrefix(l, "https://") {
		return u, true
	}
	return "", true
}

func (c *Certificate) readAuthorityInfo(b []byte) bool {
	s := cryptobyte.String(b)
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) || !s.Empty() {
		return false
	}
	for n := 0; !list.Empty(); n++ {
		var body cryptobyte.String
		var method asn1.ObjectIdentifier
		if n == maxList || !list.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&method) {
			return false
		}
		url, ok := readGeneralName(&body)
		switch {
		case !ok || !body.Empty():
			return false
		case url == "":
		case method.Equal(oidAccessOCSP):
			c.OCSP = append(c.OCSP, url)
		case method.Equal(oidAccessCAIssuers):
			c.CAIssuers = append(c.CAIssuers, url)
		}
	}
	return true
}

func (c *Certificate) readPolicies(b []byte) bool {
	s := cryptobyte.String(b)
	var list cryptobyte.String
	if !s.ReadASN1(&list, casn1.SEQUENCE) || !s.Empty() || list.Empty() {
		return false
	}
	for !list.Empty() {
		var body cryptobyte.String
		var oid asn1.ObjectIdentifier
		if len(c.Policies) == maxList || !list.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&oid) {
			return false
		}
		c.Policies = append(c.Policies, oid)
	}
	return true
}

// readPrivateKeyPeriod reads RFC 3280 section 4.2.1.4, which RFC 5280 dropped
// and Russian certificates keep.
func (c *Certificate) readPrivateKeyPeriod(b []byte) bool {
	s := cryptobyte.String(b)
	var body, from, to cryptobyte.String
	var hasFrom, hasTo bool
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() ||
		!body.ReadOptionalASN1(&from, &hasFrom, casn1.Tag(0).ContextSpecific()) ||
		!body.ReadOptionalASN1(&to, &hasTo, casn1.Tag(1).ContextSpecific()) || !body.Empty() || !hasFrom && !hasTo {
		return false
	}
	ok := true
	if hasFrom {
		c.KeyNotBefore, ok = der.ParseGeneralized(from)
	}
	if ok && hasTo {
		c.KeyNotAfter, ok = der.ParseGeneralized(to)
	}
	return ok
}

func readTool(s *cryptobyte.String, out *string) bool {
	var b []byte
	if !s.ReadASN1Bytes(&b, casn1.UTF8String) || len(b) > maxTool || !utf8.Valid(b) {
		return false
	}
	*out = string(b)
	return true
}

func (c *Certificate) readSubjectSignTool(b []byte) bool {
	s := cryptobyte.String(b)
	return readTool(&s, &c.SubjectSignTool) && s.Empty()
}

func (c *Certificate) readIssuerSignTool(b []byte) bool {
	s := cryptobyte.String(b)
	var body cryptobyte.String
	t := &IssuerSignTool{}
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() || !readTool(&body, &t.SignTool) || !readTool(&body, &t.CATool) ||
		!readTool(&body, &t.SignToolCert) || !readTool(&body, &t.CAToolCert) || !body.Empty() {
		return false
	}
	c.IssuerSignTool = t
	return true
}

func (c *Certificate) readIdentificationKind(b []byte) bool {
	s := cryptobyte.String(b)
	n := 0
	if !s.ReadASN1Integer(&n) || !s.Empty() || n < 0 || n > 255 {
		return false
	}
	c.IdentificationKind = &n
	return true
}
