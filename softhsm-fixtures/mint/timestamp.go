// SPDX-License-Identifier: Apache-2.0

package mint

import (
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/softhsm-fixtures/mint/asn"
)

// TST is a timestamp to be made (RFC 3161 section 2.4.2).
type TST struct {
	// Message is what is stamped; Imprint (digest) or ImprintDER (MessageImprint) replace it.
	Message    []byte
	Digest     Digest // of the imprint; the authority's when zero
	Imprint    []byte
	ImprintDER []byte
	// Policy is 1.2.643.2.2.38.4 when empty.
	Policy string
	Serial *big.Int // random when nil
	// Time is now in whole seconds when zero, and written with its fraction; TimeDER replaces it.
	Time    time.Time
	TimeDER []byte
	// Accuracy (DER) is a second when nil, left out when empty.
	Accuracy []byte
	Ordering bool
	Nonce    *big.Int
	// TSA is the name in the field tsa, nil for none.
	TSA        GeneralName
	Extensions []Extension
	Version    int64 // 1 when 0
	EditInfo   func([]byte) []byte
	// Signed is the SignedData around it: Content, ContentType and the first Signer's By are filled in when missing.
	Signed SignedData
	Signer Signer
}

// Info is the TSTInfo by that authority.
func (s TST) Info(tsa *Party) []byte {
	digest := s.Digest
	if digest.make == nil {
		digest = tsa.Key.Digest
	}
	imprint := s.ImprintDER
	if imprint == nil {
		value := s.Imprint
		if value == nil {
			value = digest.Sum(s.Message)
		}
		imprint = asn.Seq(digest.Algorithm(), asn.Octets(value))
	}
	policy, serial, version := s.Policy, s.Serial, s.Version
	if policy == "" {
		policy = "1.2.643.2.2.38.4"
	}
	if serial == nil {
		serial = NewSerial()
	}
	if version == 0 {
		version = 1
	}
	accuracy := s.Accuracy
	if accuracy == nil {
		accuracy = asn.Seq(asn.Int(1))
	}
	var ordering, nonce, name, extensions []byte
	if s.Ordering {
		ordering = asn.Bool(true)
	}
	if s.Nonce != nil {
		nonce = asn.BigInt(s.Nonce)
	}
	if s.TSA != nil {
		name = asn.Explicit(0, s.TSA)
	}
	if len(s.Extensions) > 0 {
		extensions = asn.Retag(0xa1, encodeExtensions(s.Extensions, nil, nil, nil))
	}
	at := orBytes(s.TimeDER, asn.FractionalTime(orTime(s.Time, time.Now().UTC().Truncate(time.Second))))
	info := asn.Seq(asn.Int(version), asn.OID(policy), imprint, asn.BigInt(serial), at, accuracy, ordering, nonce, name, extensions)
	if s.EditInfo != nil {
		info = s.EditInfo(info)
	}
	return info
}

// Token is the TimeStampToken: a ContentInfo signed by that authority, with its certificate.
func (s TST) Token(tsa *Party) []byte {
	sd, signer := s.Signed, s.Signer
	if sd.Content == nil {
		sd.Content = s.Info(tsa)
	}
	if sd.ContentType == "" {
		sd.ContentType = OIDTSTInfo
	}
	if signer.By == nil {
		signer.By = tsa
	}
	if sd.Signers == nil {
		sd.Signers = []Signer{signer}
	}
	return sd.DER()
}

// Granted is a TimeStampResp with a token.
func Granted(token []byte) []byte { return asn.Seq(asn.Seq(asn.Int(0)), token) }

// Rejected is a TimeStampResp without a token: status 2 rejection, 3 waiting …, a text, and bits of
// PKIFailureInfo (RFC 3161 section 2.4.2): 0 badAlg, 2 badRequest, 5 badDataFormat, 14 timeNotAvailable …
func Rejected(status int64, text string, failure ...int) []byte {
	var words, bits []byte
	if text != "" {
		words = asn.Seq(asn.UTF8(text))
	}
	if len(failure) > 0 {
		bits = asn.NamedBits(failure...)
	}
	return asn.Seq(asn.Seq(asn.Int(status), words, bits))
}

// TSQ is a timestamp request.
type TSQ struct {
	Imprint    []byte // DER of the MessageImprint
	Policy     []byte // DER of the identifier, nil when absent
	Nonce      *big.Int
	WantsCerts bool
}

// DER is the TimeStampReq (RFC 3161 section 2.4.1).
func (q TSQ) DER() []byte {
	var nonce, certs []byte
	if q.Nonce != nil {
		nonce = asn.BigInt(q.Nonce)
	}
	if q.WantsCerts {
		certs = asn.Bool(true)
	}
	return asn.Seq(asn.Int(1), q.Imprint, q.Policy, nonce, certs)
}

// ReadTSQ reads a request as an emulator needs it.
func ReadTSQ(der []byte) (TSQ, bool) {
	var q TSQ
	var version int
	var policy, imprint cryptobyte.String
	in := cryptobyte.String(der)
	if !in.ReadASN1(&in, cbasn1.SEQUENCE) || !in.ReadASN1Integer(&version) || version != 1 || !in.ReadASN1Element(&imprint, cbasn1.SEQUENCE) {
		return q, false
	}
	q.Imprint = imprint
	if in.PeekASN1Tag(cbasn1.OBJECT_IDENTIFIER) {
		if !in.ReadASN1Element(&policy, cbasn1.OBJECT_IDENTIFIER) {
			return q, false
		}
		q.Policy = policy
	}
	if in.PeekASN1Tag(cbasn1.INTEGER) {
		q.Nonce = new(big.Int)
		if !in.ReadASN1Integer(q.Nonce) {
			return q, false
		}
	}
	if in.PeekASN1Tag(cbasn1.BOOLEAN) && !in.ReadASN1Boolean(&q.WantsCerts) {
		return q, false
	}
	return q, true
}
