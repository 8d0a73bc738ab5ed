// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/internal/der"
)

// algorithmID is an AlgorithmIdentifier as received.
type algorithmID struct {
	oid    asn1.ObjectIdentifier
	params []byte
}

// readSigner reads one SignerInfo (RFC 5652 section 5.3). over is the type of
// the content it is to sign, nil for a counter-signature; depth is how many
// levels of counter-signatures may be read below it.
func (r reader) readSigner(si *SignerInfo, element cryptobyte.String, over asn1.ObjectIdentifier, depth int) *Problem {
	var body cryptobyte.String
	if !element.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1Integer(&si.Version) {
		return problem(codeMalformed, "signer")
	}
	si.counter = over == nil
	if p := valid(body); p != nil {
		return p
	}
	if p := r.readIdentifier(si, &body); p != nil {
		return p
	}
	var digest, sig algorithmID
	var ok bool
	if digest.oid, digest.params, ok = der.ReadAlgorithm(&body); !ok {
		return problem(codeMalformed, "digest algorithm")
	}
	if p := r.readSigned(si, &body); p != nil {
		return p
	}
	if sig.oid, sig.params, ok = der.ReadAlgorithm(&body); !ok || !body.ReadASN1Bytes(&si.Signature, casn1.OCTET_STRING) {
		return problem(codeMalformed, "signature")
	}
	if p := r.choose(si, digest, sig); p != nil {
		return p
	}
	if p := r.readUnsigned(si, &body, depth); p != nil {
		return p
	}
	return r.readKnown(si, digest, sig, over)
}

// readIdentifier reads SignerIdentifier and compares the version with it.
func (r reader) readIdentifier(si *SignerInfo, body *cryptobyte.String) *Problem {
	var sid cryptobyte.String
	keyID := casn1.Tag(0).ContextSpecific()
	want := 1
	if body.PeekASN1Tag(keyID) {
		want = 3
		if r.strict {
			return problem(codeSigners, "signer is not named by issuer and serial number")
		}
		if !body.ReadASN1(&sid, keyID) || len(sid) == 0 {
			return problem(codeMalformed, "signer's key identifier")
		}
		si.KeyID = sid
	} else {
		var ok bool
		if !body.ReadASN1(&sid, casn1.SEQUENCE) {
			return problem(codeMalformed, "signer's name")
		}
		if si.RawIssuer, si.Serial, ok = readIssuerSerial(&sid); !ok {
			return problem(codeMalformed, "signer's issuer and serial number")
		}
	}
	if si.Version != want {
		return r.flaw(si, problem(codeVersion, "signer says %d, the way it is named makes it %d", si.Version, want))
	}
	return nil
}

// choose finds the row of the table for the two identifiers.
func (r reader) choose(si *SignerInfo, digest, sig algorithmID) *Problem {
	if _, err := algo.DigestByOID(digest.oid, digest.params); err != nil {
		return r.flaw(si, &Problem{Code: codeAlgorithm, Detail: "digest", Cause: err})
	}
	a, err := algo.BySignature(digest.oid, sig.oid, sig.params)
	if err != nil {
		return r.flaw(si, &Problem{Code: codeAlgorithm, Detail: "signature", Cause: err})
	}
	if r.strict && a.Legacy {
		return problem(codeAlgorithm, "%s is for old data only", a.Name)
	}
	si.Algorithm = a
	return nil
}

// readIssuerSerial reads a Name and a serial number, up to the end of s.
func readIssuerSerial(s *cryptobyte.String) (issuer []byte, serial *big.Int, ok bool) {
	var name cryptobyte.String
	serial = new(big.Int)
	if !s.ReadASN1Element(&name, casn1.SEQUENCE) || !s.ReadASN1Integer(serial) || !s.Empty() {
		return nil, nil, false
	}
	return name, serial, true
}
