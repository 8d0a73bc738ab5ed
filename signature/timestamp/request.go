// SPDX-License-Identifier: Apache-2.0

package timestamp

import (
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/internal/der"
)

// Request asks for a timestamp (TimeStampReq, RFC 3161 section 2.4.1).
type Request struct {
	Imprint Imprint
	Policy  asn1.ObjectIdentifier // nil asks for any
	Nonce   *big.Int              // nil is no nonce
	// Certificates asks for the authority's certificate inside the token.
	Certificates bool
}

// Encode writes the request in DER. It fails with timestamp.algorithm when the
// imprint has not the length of its digest.
func (r Request) Encode() ([]byte, error) {
	if r.Imprint.Digest.Size == 0 || len(r.Imprint.Hash) != r.Imprint.Digest.Size {
		return nil, problem(CodeAlgorithm, "imprint of %d bytes for %q", len(r.Imprint.Hash), r.Imprint.Digest.Name)
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(r.Imprint.Digest.OID) })
			b.AddASN1OctetString(r.Imprint.Hash)
		})
		if r.Policy != nil {
			b.AddASN1ObjectIdentifier(r.Policy)
		}
		if r.Nonce != nil {
			b.AddASN1BigInt(r.Nonce)
		}
		if r.Certificates {
			b.AddASN1Boolean(true)
		}
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, &Problem{Code: CodeMalformed, Detail: "encode request", Cause: err}
	}
	return out, nil
}

// ParseRequest reads a request in DER. Extensions are refused: none is known.
// The error is a *Problem.
func ParseRequest(b []byte) (Request, error) {
	var r Request
	var body cryptobyte.String
	in := cryptobyte.String(b)
	version := 0
	if len(b) > maxRequest {
		return r, problem(CodeTooLarge, "request of more than %d bytes", maxRequest)
	}
	if der.Valid(b) != nil || !in.ReadASN1(&body, casn1.SEQUENCE) || !body.ReadASN1Integer(&version) || version != 1 {
		return r, problem(CodeMalformed, "request is not of version 1 in DER")
	}
	var ok bool
	if r.Imprint, ok = readImprint(&body); !ok {
		return r, problem(CodeMalformed, "imprint of request")
	}
	if body.PeekASN1Tag(casn1.OBJECT_IDENTIFIER) && !body.ReadASN1ObjectIdentifier(&r.Policy) {
		return r, problem(CodeMalformed, "policy of request")
	}
	if r.Nonce, ok = readNonce(&body); !ok {
		return r, problem(CodeMalformed, "nonce of request")
	}
	if body.PeekASN1Tag(casn1.BOOLEAN) && (!body.ReadASN1Boolean(&r.Certificates) || !r.Certificates) {
		return r, problem(CodeMalformed, "certReq spells its default out")
	}
	if !body.Empty() {
		return r, problem(CodeExtension, "request with extensions")
	}
	return r, nil
}

func readImprint(s *cryptobyte.String) (i Imprint, ok bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) {
		return i, false
	}
	oid, params, ok := der.ReadAlgorithm(&body)
	if !ok || !body.ReadASN1Bytes(&i.Hash, casn1.OCTET_STRING) || !body.Empty() {
		return i, false
	}
	i.OID = oid
	if d, err := algo.DigestByOID(oid, params); err == nil {
		i.Digest = d
		return i, len(i.Hash) == d.Size
	}
	return i, true
}

// readNonce reads the optional INTEGER.
func readNonce(s *cryptobyte.String) (*big.Int, bool) {
	if !s.PeekASN1Tag(casn1.INTEGER) {
		return nil, true
	}
	n := new(big.Int)
	return n, s.ReadASN1Integer(n)
}
