// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

const (
	maxExtensions = 64
	maxList       = 256     // identifiers, addresses, policies in one extension
	maxURL        = 2048    // bytes
	maxCount      = 1 << 30 // what a larger count of certificates reads as
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
	{OIDFreshestCRL, (*Certificate).readFreshestCRL},
	{OIDPolicies, (*Certificate).readPolicies},
	{OIDPolicyMappings, (*Certificate).readPolicyMappings},
	{OIDPolicyConstraints, (*Certificate).readPolicyConstraints},
	{OIDInhibitAnyPolicy, (*Certificate).readInhibitAnyPolicy},
	{OIDNameConstraints, (*Certificate).readNameConstraints},
	{OIDSubjectAltName, (*Certificate).readSubjectAltName},
	{OIDIssuerAltName, (*Certificate).readIssuerAltName},
	{OIDPrivateKeyPeriod, (*Certificate).readPrivateKeyPeriod},
	{OIDAuthorityInfo, (*Certificate).readAuthorityInfo},
	{OIDNoCheck, (*Certificate).readNoCheck},
	{OIDSubjectSignTool, (*Certificate).readSubjectSignTool},
	{OIDIssuerSignTool, (*Certificate).readIssuerSignTool},
	{OIDIdentificationKind, (*Certificate).readIdentificationKind},
}

func (c *Certificate) applyExtension(e Extension) error {
	for i := range readers {
		if readers[i].oid.Equal(e.OID) {
			if !readers[i].read(c, e.Value) {
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

// sequence reads b as one SEQUENCE and returns its content.
func sequence(b []byte) (content cryptobyte.String, ok bool) {
	s := cryptobyte.String(b)
	ok = s.ReadASN1(&content, casn1.SEQUENCE) && s.Empty()
	return content, ok
}

// list reads b as one SEQUENCE of 1 to limit elements.
func list(b []byte, limit int, element func(*cryptobyte.String) bool) bool {
	s, ok := sequence(b)
	if !ok || s.Empty() {
		return false
	}
	for n := 0; !s.Empty(); n++ {
		if n == limit || !element(&s) {
			return false
		}
	}
	return true
}

func (c *Certificate) readKeyUsage(b []byte) bool {
	s := cryptobyte.String(b)
	var content cryptobyte.String
	if !s.ReadASN1(&content, casn1.BIT_STRING) || !s.Empty() {
		return false
	}
	bits, trailing, ok := namedBits(content)
	if !ok {
		return false
	}
	if trailing || bits == 0 {
		c.warn(warnKeyUsage)
	}
	c.HasKeyUsage, c.KeyUsage = true, KeyUsage(bits)&(DecipherOnly<<1-1)
	return true
}

func (c *Certificate) readBasicConstraints(b []byte) bool {
	body, ok := sequence(b)
	if !ok {
		return false
	}
	c.HasBasicConstraints = true
	if c.IsCA, ok = readBoolean(&body, c.warn); !ok {
		return false
	}
	if body.Empty() {
		return true
	}
	c.PathLen, ok = readCount(&body, casn1.INTEGER)
	return ok && body.Empty()
}

// readCount reads an INTEGER of 0 or more under a tag.
func readCount(s *cryptobyte.String, tag casn1.Tag) (int, bool) {
	var content cryptobyte.String
	if !s.ReadASN1(&content, tag) {
		return 0, false
	}
	if len(content) > maxSerial || !der.Integer(content) || content[0] >= 0x80 {
		return 0, false
	}
	n := 0
	for _, c := range content {
		if n = n<<8 | int(c); n >= maxCount {
			return maxCount, true
		}
	}
	return n, true
}

// optionalCount reads an INTEGER under a context tag, or says that it is absent.
func optionalCount(s *cryptobyte.String, n uint8, absent int) (count int, present, ok bool) {
	tag := casn1.Tag(n).ContextSpecific()
	if !s.PeekASN1Tag(tag) {
		return absent, false, true
	}
	count, ok = readCount(s, tag)
	return count, true, ok
}

func (c *Certificate) readSKI(b []byte) bool {
	s := cryptobyte.String(b)
	return s.ReadASN1Bytes(&c.SKI, casn1.OCTET_STRING) && s.Empty() && len(c.SKI) > 0
}

// AuthorityKeyID is what names an issuer's key (RFC 5280 section 4.2.1.1); what
// is absent is nil.
type AuthorityKeyID struct {
	ID     []byte
	Issuer []GeneralName
	Serial *big.Int
}

// ParseAuthorityKeyID reads the value of the extension, in certificates and
// CRLs alike. Code: cert.malformed.
func ParseAuthorityKeyID(value []byte) (AuthorityKeyID, error) {
	body, ok := sequence(value)
	if !ok {
		return AuthorityKeyID{}, malformed("authority key identifier")
	}
	var id, issuer, serial cryptobyte.String
	var hasID, hasIssuer, hasSerial bool
	if !body.ReadOptionalASN1(&id, &hasID, casn1.Tag(0).ContextSpecific()) ||
		!body.ReadOptionalASN1(&issuer, &hasIssuer, casn1.Tag(1).ContextSpecific().Constructed()) ||
		!body.ReadOptionalASN1(&serial, &hasSerial, casn1.Tag(2).ContextSpecific()) || !body.Empty() {
		return AuthorityKeyID{}, malformed("authority key identifier")
	}
	var out AuthorityKeyID
	if hasID {
		out.ID = id
	}
	if hasIssuer {
		var err error
		if out.Issuer, err = readNameList(issuer, nameAlone); err != nil {
			return AuthorityKeyID{}, err
		}
	}
	if hasSerial {
		if out.Serial, ok = readSerial(serial); !ok {
			return AuthorityKeyID{}, malformed("serial number of the authority")
		}
	}
	return out, nil
}

func (c *Certificate) readAKI(b []byte) bool {
	k, err := ParseAuthorityKeyID(b)
	c.AKI, c.AKIIssuer, c.AKISerial = k.ID, k.Issuer, k.Serial
	return err == nil
}

func (c *Certificate) readExtKeyUsage(b []byte) bool {
	return list(b, maxList, func(s *cryptobyte.String) bool {
		oid, ok := readOID(s)
		c.ExtKeyUsage = append(c.ExtKeyUsage, oid)
		return ok
	})
}

func (c *Certificate) readCRLPoints(b []byte) bool {
	var err error
	c.CRLPoints, err = ParseDistributionPoints(b)
	for _, p := range c.CRLPoints {
		for _, n := range p.FullName {
			c.warnLocation(n)
			if u := n.webAddress(); u != "" && !p.HasReasons && len(c.CRLs) < maxList {
				c.CRLs = append(c.CRLs, u)
			}
		}
	}
	return err == nil
}

// warnLocation notes an address that is no IA5String.
func (c *Certificate) warnLocation(n GeneralName) {
	if n.Tag == URI && n.Text == "" {
		c.warn(warnCharacters)
	}
}

func (c *Certificate) readFreshestCRL(b []byte) bool {
	var err error
	c.FreshestCRL, err = ParseDistributionPoints(b)
	return err == nil
}

func (c *Certificate) readAuthorityInfo(b []byte) bool {
	return list(b, maxList, func(s *cryptobyte.String) bool {
		var body cryptobyte.String
		if !s.ReadASN1(&body, casn1.SEQUENCE) {
			return false
		}
		method, ok := readOID(&body)
		if !ok {
			return false
		}
		n, err := readGeneralName(&body, nameLocation)
		if err != nil || !body.Empty() {
			return false
		}
		c.warnLocation(n)
		switch url := n.webAddress(); {
		case url == "":
		case method.Equal(oidAccessOCSP):
			c.OCSP = append(c.OCSP, url)
		case method.Equal(oidAccessCAIssuers):
			c.CAIssuers = append(c.CAIssuers, url)
		}
		return true
	})
}

// readNoCheck: the value is NULL (RFC 6960 section 4.2.2.2.1).
func (c *Certificate) readNoCheck(b []byte) bool {
	c.NoCheck = len(b) == 2 && b[0] == 5 && b[1] == 0
	return c.NoCheck
}
