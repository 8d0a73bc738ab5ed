// SPDX-License-Identifier: Apache-2.0

package revocation

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"

	"zaver/signature/cert"
)

var (
	oidSHA1         = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidRequestNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
)

// certID names a certificate (RFC 6960 section 4.1.1).
type certID struct {
	Hash     pkix.AlgorithmIdentifier
	NameHash []byte
	KeyHash  []byte
	Serial   *big.Int
}

// NonceSize is the length of a nonce in bytes (RFC 8954 section 2.1 asks for 32 at most).
const NonceSize = 32

// NewRequest builds the DER of an OCSP request about one certificate (RFC 6960 section 4.1.1), with
// SHA-1 identifiers as RFC 5019 section 2.1.1 asks. A nonce of 1 to 32 bytes (RFC 8954) goes along;
// nil for none.
func NewRequest(c, issuer *cert.Certificate, nonce []byte) ([]byte, error) {
	key, err := keyBits(issuer)
	if err != nil {
		return nil, fmt.Errorf("make an OCSP request: %w", err)
	}
	type request struct{ ID certID }
	type tbsRequest struct {
		List       []request
		Extensions []pkix.Extension `asn1:"explicit,tag:2,optional,omitempty"`
	}
	id := certID{
		Hash:     pkix.AlgorithmIdentifier{Algorithm: oidSHA1, Parameters: asn1.NullRawValue},
		NameHash: sha1Sum(c.RawIssuer), KeyHash: sha1Sum(key), Serial: c.Serial,
	}
	tbs := tbsRequest{List: []request{{id}}}
	if nonce != nil {
		if len(nonce) == 0 || len(nonce) > NonceSize {
			return nil, fmt.Errorf("make an OCSP request: nonce of %d bytes", len(nonce))
		}
		value, err := asn1.Marshal(nonce)
		if err != nil {
			return nil, fmt.Errorf("encode a nonce: %w", err)
		}
		tbs.Extensions = []pkix.Extension{{Id: oidRequestNonce, Value: value}}
	}
	der, err := asn1.Marshal(struct{ TBS tbsRequest }{tbs})
	if err != nil {
		return nil, fmt.Errorf("encode an OCSP request: %w", err)
	}
	return der, nil
}
