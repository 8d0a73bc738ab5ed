// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func (c *Certificate) readSubjectAltName(b []byte) bool {
	var ok bool
	c.SubjectAltNames, ok = readAltNames(b)
	return ok
}

func (c *Certificate) readIssuerAltName(b []byte) bool {
	var ok bool
	c.IssuerAltNames, ok = readAltNames(b)
	return ok
}

func readAltNames(b []byte) ([]GeneralName, bool) {
	s := cryptobyte.String(b)
	names, err := ReadGeneralNames(&s)
	return names, err == nil && s.Empty()
}

// readNameConstraints: the sequence must hold one of its fields (RFC 5280
// section 4.2.1.10), a field at least one subtree.
func (c *Certificate) readNameConstraints(b []byte) bool {
	body, ok := sequence(b)
	if !ok || body.Empty() {
		return false
	}
	n := &NameConstraints{}
	for i, out := range []*[]Subtree{&n.Permitted, &n.Excluded} {
		var field cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&field, &present, casn1.Tag(i).ContextSpecific().Constructed()) {
			return false
		}
		if !present {
			continue
		}
		if *out, ok = c.readSubtrees(field); !ok {
			return false
		}
	}
	c.NameConstraints = n
	return body.Empty()
}

func (c *Certificate) readSubtrees(field cryptobyte.String) (out []Subtree, ok bool) {
	for !field.Empty() {
		var body cryptobyte.String
		if len(out) == maxNames || !field.ReadASN1(&body, casn1.SEQUENCE) {
			return nil, false
		}
		base, err := readGeneralName(&body, nameConstraint)
		if err != nil {
			return nil, false
		}
		t := Subtree{Base: base}
		var written bool
		if t.Min, written, ok = optionalCount(&body, 0, 0); !ok {
			return nil, false
		}
		if written && t.Min == 0 {
			c.warn(warnDefault)
		}
		if t.Max, _, ok = optionalCount(&body, 1, -1); !ok || !body.Empty() {
			return nil, false
		}
		out = append(out, t)
	}
	return out, len(out) > 0
}

// readPolicies: an identifier must not be there twice (RFC 5280 section 4.2.1.4).
// Qualifiers are read for their form alone.
func (c *Certificate) readPolicies(b []byte) bool {
	c.HasPolicies = true
	return list(b, maxList, func(s *cryptobyte.String) bool {
		var body cryptobyte.String
		if !s.ReadASN1(&body, casn1.SEQUENCE) {
			return false
		}
		oid, ok := readOID(&body)
		if !ok || contains(c.Policies, oid) {
			return false
		}
		c.Policies = append(c.Policies, oid)
		return body.Empty() || list(body, maxList, readQualifier)
	})
}

// contains compares at most maxList identifiers with each other.
func contains(list []asn1.ObjectIdentifier, oid asn1.ObjectIdentifier) bool {
	for _, o := range list {
		if o.Equal(oid) {
			return true
		}
	}
	return false
}

func readQualifier(s *cryptobyte.String) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) {
		return false
	}
	_, ok := readOID(&body)
	return ok && oneElement(body)
}

func (c *Certificate) readPolicyMappings(b []byte) bool {
	return list(b, maxList, func(s *cryptobyte.String) bool {
		var body cryptobyte.String
		if !s.ReadASN1(&body, casn1.SEQUENCE) {
			return false
		}
		issuer, ok := readOID(&body)
		subject, okSubject := readOID(&body)
		c.PolicyMappings = append(c.PolicyMappings, PolicyMapping{issuer, subject})
		return ok && okSubject && body.Empty()
	})
}

// readPolicyConstraints: the sequence must hold one of its fields (RFC 5280
// section 4.2.1.11).
func (c *Certificate) readPolicyConstraints(b []byte) bool {
	body, ok := sequence(b)
	if !ok || body.Empty() {
		return false
	}
	if c.RequireExplicitPolicy, _, ok = optionalCount(&body, 0, -1); !ok {
		return false
	}
	c.InhibitPolicyMapping, _, ok = optionalCount(&body, 1, -1)
	return ok && body.Empty()
}

func (c *Certificate) readInhibitAnyPolicy(b []byte) bool {
	s := cryptobyte.String(b)
	var ok bool
	c.InhibitAnyPolicy, ok = readCount(&s, casn1.INTEGER)
	return ok && s.Empty()
}
