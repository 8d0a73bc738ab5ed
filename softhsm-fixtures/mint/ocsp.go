// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/softhsm-fixtures/mint/asn"
)

// Statuses of an OCSP answer about a certificate (RFC 6960 section 4.2.1).
const (
	StatusGood = iota
	StatusRevoked
	StatusUnknown
)

// OCSP is a basic OCSP response to be made (RFC 6960 section 4.2.1).
type OCSP struct {
	Answers []Answer
	// ByName names the responder by its subject instead of by its key; ResponderID (DER) replaces both.
	ByName      bool
	ResponderID []byte
	// ProducedAt is now when zero.
	ProducedAt time.Time
	// Certificates go along; nil sends the responder's, empty none.
	Certificates [][]byte
	// Nonce is the content of the inner OCTET STRING, nil for none.
	Nonce      []byte
	Extensions []Extension
	// Type is id-pkix-ocsp-basic when empty; Status the outer status, Version the field plus one.
	Type          string
	Status        int64
	Version       int
	Outer         []byte // replaces the AlgorithmIdentifier
	EditTBS       func([]byte) []byte
	EditSignature func([]byte) []byte
	Edit          func([]byte) []byte
}

// Answer is what is said about one certificate.
type Answer struct {
	// Issuer and Serial make the CertID by Hash (SHA-1 when zero); CertID (DER) replaces them.
	Issuer *Party
	Serial *big.Int
	Hash   Digest
	CertID []byte
	Status int
	// RevokedAt is an hour ago when zero; Reason is left out when negative or zero, unless HasReason.
	RevokedAt time.Time
	Reason    int64
	HasReason bool
	// This is a minute ago and Next in ten minutes when zero; NoNext leaves Next out.
	This, Next time.Time
	NoNext     bool
	Extensions []Extension
	// StatusDER replaces the status.
	StatusDER []byte
}

// About is an answer with that status about a certificate.
func About(leaf, issuer *Party, status int) Answer {
	return Answer{Issuer: issuer, Serial: leaf.Serial, Status: status}
}

const (
	oidOCSPBasic = "1.3.6.1.5.5.7.48.1.1"
	oidOCSPNonce = "1.3.6.1.5.5.7.48.1.2"
)

// OCSPError is an unsigned response that has only a status: 1 malformedRequest, 2 internalError,
// 3 tryLater, 5 sigRequired, 6 unauthorized.
func OCSPError(status int64) []byte { return asn.Seq(asn.Enum(status)) }

// Sign makes the response by that responder, which may be the issuer itself.
func (o OCSP) Sign(responder *Party) []byte {
	kind := o.Type
	if kind == "" {
		kind = oidOCSPBasic
	}
	der := asn.Seq(asn.Enum(o.Status), asn.Explicit(0, asn.Seq(asn.OID(kind), asn.Octets(o.Basic(responder)))))
	if o.Edit != nil {
		der = o.Edit(der)
	}
	return der
}

// Basic is the BasicOCSPResponse alone, as RevocationValues wants it.
func (o OCSP) Basic(responder *Party) []byte {
	now := time.Now().UTC().Truncate(time.Second)
	id := o.ResponderID
	switch {
	case id != nil:
	case o.ByName:
		id = asn.Explicit(1, responder.Name)
	default:
		id = asn.Explicit(2, asn.Octets(keyID(responder.Key.SPKI)))
	}
	var version, answers []byte
	if o.Version > 1 {
		version = asn.Explicit(0, asn.Int(int64(o.Version-1)))
	}
	for _, a := range o.Answers {
		answers = append(answers, a.encode(now)...)
	}
	extensions := o.Extensions
	if o.Nonce != nil {
		extensions = Extensions(extensions, Raw(oidOCSPNonce, false, asn.Octets(o.Nonce)))
	}
	tbs := asn.Seq(version, id, asn.GeneralizedTime(orTime(o.ProducedAt, now)), asn.Seq(answers), singleExtensions(extensions))
	if o.EditTBS != nil {
		tbs = o.EditTBS(tbs)
	}
	certificates := o.Certificates
	if certificates == nil && responder.DER != nil {
		certificates = [][]byte{responder.DER}
	}
	signature := responder.Key.SignMessage(tbs)
	if o.EditSignature != nil {
		signature = o.EditSignature(signature)
	}
	var bag []byte
	if len(certificates) > 0 {
		bag = asn.Explicit(0, asn.Seq(certificates...))
	}
	return asn.Seq(tbs, orBytes(o.Outer, responder.Key.Algorithm), asn.Bits(signature), bag)
}

func singleExtensions(list []Extension) []byte {
	if len(list) == 0 {
		return nil
	}
	return asn.Explicit(1, encodeExtensions(list, nil, nil, nil))
}

func (a Answer) encode(now time.Time) []byte {
	id := a.CertID
	if id == nil {
		id = CertID(a.Hash, a.Issuer, a.Serial)
	}
	status := a.StatusDER
	if status == nil {
		switch a.Status {
		case StatusRevoked:
			var reason []byte
			if a.Reason > 0 || a.HasReason {
				reason = asn.Explicit(0, asn.Enum(a.Reason))
			}
			status = asn.TLV(0xa1, asn.GeneralizedTime(orTime(a.RevokedAt, now.Add(-time.Hour))), reason)
		default:
			status = asn.Context(a.Status, nil)
		}
	}
	next := asn.Explicit(0, asn.GeneralizedTime(orTime(a.Next, now.Add(10*time.Minute))))
	if a.NoNext {
		next = nil
	}
	return asn.Seq(id, status, asn.GeneralizedTime(orTime(a.This, now.Add(-time.Minute))), next, singleExtensions(a.Extensions))
}

// CertID names a certificate by hashes of its issuer's name and key and its serial number (RFC 6960
// section 4.1.1); SHA-1 when d is zero. The parameters are NULL for SHA-1 and absent for the others.
func CertID(d Digest, issuer *Party, serial *big.Int) []byte {
	hash := d.Algorithm
	if d.make == nil || d.Name == SHA1.Name {
		d = SHA1
		hash = func() []byte { return asn.Algorithm(SHA1.OID, asn.Null()) }
	}
	return asn.Seq(hash(), asn.Octets(d.Sum(issuer.Name)), asn.Octets(d.Sum(bitString(issuer.Key.SPKI))), asn.BigInt(serial))
}

// OCSPRequest is what a client asks; only what an emulator needs to answer.
type OCSPRequest struct {
	Asked []AskedID
	Nonce []byte // content of the inner OCTET STRING, nil for none
}

// AskedID is one CertID of a request: its DER, the content before the serial number, and that.
type AskedID struct {
	DER, Head []byte
	Serial    *big.Int
}

// About is a CertID of the same issuer with another serial number.
func (a AskedID) About(serial *big.Int) []byte { return asn.Seq(a.Head, asn.BigInt(serial)) }

// ReadOCSPRequest reads a request (RFC 6960 section 4.1.1). It is a reader for emulators: it takes
// what honest clients send, and refuses the rest.
func ReadOCSPRequest(der []byte) (OCSPRequest, bool) {
	var out OCSPRequest
	var tbs, list, extensions cryptobyte.String
	var present bool
	in := cryptobyte.String(der)
	if !in.ReadASN1(&in, cbasn1.SEQUENCE) || !in.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(context(0)) || !tbs.SkipOptionalASN1(context(1)) ||
		!tbs.ReadASN1(&list, cbasn1.SEQUENCE) || !tbs.ReadOptionalASN1(&extensions, &present, context(2)) {
		return out, false
	}
	for !list.Empty() {
		var one, id cryptobyte.String
		asked := AskedID{Serial: new(big.Int)}
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1Element(&id, cbasn1.SEQUENCE) {
			return out, false
		}
		asked.DER = id
		if !id.ReadASN1(&id, cbasn1.SEQUENCE) {
			return out, false
		}
		whole := id
		if !id.SkipASN1(cbasn1.SEQUENCE) || !id.SkipASN1(cbasn1.OCTET_STRING) || !id.SkipASN1(cbasn1.OCTET_STRING) {
			return out, false
		}
		asked.Head = whole[:len(whole)-len(id)]
		if !id.ReadASN1Integer(asked.Serial) {
			return out, false
		}
		out.Asked = append(out.Asked, asked)
	}
	if present {
		out.Nonce = readNonce(extensions)
	}
	return out, len(out.Asked) > 0
}

func context(n int) cbasn1.Tag { return cbasn1.Tag(n).Constructed().ContextSpecific() }

// readNonce finds the nonce; some clients leave out the inner OCTET STRING.
func readNonce(in cryptobyte.String) []byte {
	if !in.ReadASN1(&in, cbasn1.SEQUENCE) {
		return nil
	}
	want := asn.OIDContent(oidOCSPNonce)
	for !in.Empty() {
		var e, oid, value, inner cryptobyte.String
		if !in.ReadASN1(&e, cbasn1.SEQUENCE) || !e.ReadASN1(&oid, cbasn1.OBJECT_IDENTIFIER) ||
			!e.SkipOptionalASN1(cbasn1.BOOLEAN) || !e.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return nil
		}
		if string(oid) != string(want) {
			continue
		}
		if value.ReadASN1(&inner, cbasn1.OCTET_STRING) {
			return inner
		}
		return value
	}
	return nil
}
