// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// maxTool bounds the name of a tool in bytes; RFC 9215 allows 200 characters.
const maxTool = 1000

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
