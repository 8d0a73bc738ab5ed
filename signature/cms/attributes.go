// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// readSigned reads the signed attributes as they were received.
func (r reader) readSigned(si *SignerInfo, body *cryptobyte.String) *Problem {
	var element, set cryptobyte.String
	if !body.PeekASN1Tag(contextTag(0)) {
		if r.strict {
			return problem(codeAttributes, "no signed attributes")
		}
		return nil
	}
	if !body.ReadASN1Element(&element, contextTag(0)) {
		return problem(codeMalformed, "signed attributes")
	}
	// The signature is over the attributes as a SET (RFC 5652 section 5.4).
	si.RawSignedAttributes = append([]byte{byte(casn1.SET)}, element[1:]...)
	if !element.ReadASN1(&set, contextTag(0)) {
		return problem(codeMalformed, "signed attributes")
	}
	if set.Empty() {
		return r.flaw(si, problem(codeAttributes, "empty set of signed attributes"))
	}
	if !sorted(set) {
		if p := r.flaw(si, problem(codeAttributes, "signed attributes are not in DER order")); p != nil {
			return p
		}
	}
	var p *Problem
	si.SignedAttributes, p = r.parseAttributes(si, set)
	return p
}

// sorted reports the order of X.690 section 11.6: elements ascending as byte
// strings. Two equal ones are judged with the repeated ones.
func sorted(set cryptobyte.String) bool {
	var last, next cryptobyte.String
	var tag casn1.Tag
	for !set.Empty() {
		if !set.ReadAnyASN1Element(&next, &tag) || bytes.Compare(last, next) > 0 {
			return false
		}
		last = next
	}
	return true
}

func (r reader) parseAttributes(si *SignerInfo, set cryptobyte.String) ([]Attribute, *Problem) {
	var out []Attribute
	for !set.Empty() {
		if len(out) == r.attributes {
			return nil, problem(codeTooLarge, "more than %d attributes", r.attributes)
		}
		var body, values cryptobyte.String
		var a Attribute
		if !set.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.OID) ||
			!body.ReadASN1(&values, casn1.SET) || !body.Empty() {
			return nil, problem(codeMalformed, "attribute")
		}
		if values.Empty() {
			if p := r.flaw(si, problem(codeAttributes, "attribute %v without value", a.OID)); p != nil {
				return nil, p
			}
			continue
		}
		for !values.Empty() {
			var v cryptobyte.String
			var tag casn1.Tag
			if len(a.Values) == r.values {
				return nil, problem(codeTooLarge, "attribute %v of more than %d values", a.OID, r.values)
			}
			if !values.ReadAnyASN1Element(&v, &tag) {
				return nil, problem(codeMalformed, "value of attribute %v", a.OID)
			}
			a.Values = append(a.Values, v)
		}
		out = append(out, a)
	}
	return out, nil
}

// valid wants DER of all parts of a SignerInfo but the unsigned attributes,
// which hold certificates and foreign signatures that have readers of their own.
func valid(body cryptobyte.String) *Problem {
	for !body.Empty() {
		var element cryptobyte.String
		var tag casn1.Tag
		if !body.ReadAnyASN1Element(&element, &tag) {
			return problem(codeMalformed, "signer")
		}
		if tag != contextTag(1) && der.Valid(element) != nil {
			return problem(codeNotDER, "signer is not DER")
		}
	}
	return nil
}

// find returns the attributes of that kind.
func find(list []Attribute, oid asn1.ObjectIdentifier) []Attribute {
	var out []Attribute
	for _, a := range list {
		if a.OID.Equal(oid) {
			out = append(out, a)
		}
	}
	return out
}

// once returns the only value of a signed attribute that may have no second
// (RFC 5652 section 11, RFC 5035 section 3, RFC 6211 section 2); nil when it is absent.
func (si *SignerInfo) once(oid asn1.ObjectIdentifier) (cryptobyte.String, *Problem) {
	list := find(si.SignedAttributes, oid)
	switch {
	case len(list) == 0:
		return nil, nil
	case len(list) > 1 || len(list[0].Values) != 1:
		return nil, problem(codeAttributes, "attribute %v has more than one value", oid)
	}
	return list[0].Values[0], nil
}

// required is once for an attribute that must be there.
func (si *SignerInfo) required(oid asn1.ObjectIdentifier) (cryptobyte.String, *Problem) {
	v, p := si.once(oid)
	if v == nil && p == nil {
		p = problem(codeAttributes, "no attribute %v", oid)
	}
	return v, p
}
