// SPDX-License-Identifier: Apache-2.0

package xmldsig

import (
	"encoding/asn1"
	"math/big"

	"zaver/signature/algo"
)

// Namespace is that of XML signatures.
const Namespace = "http://www.w3.org/2000/09/xmldsig#"

// Transforms and the namespace of the exclusive form's parameters.
const (
	enveloped   = Namespace + "enveloped-signature"
	excluding   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	more        = "http://www.w3.org/2001/04/xmldsig-more#"
	encryption  = "http://www.w3.org/2001/04/xmlenc#"
	gostPrefix  = "urn:ietf:params:xml:ns:cpxmlsec:algorithms:"
	maxECOrder  = 66 // bytes of an order of P-521
	halvesCount = 2
)

// named is a row: an identifier in XML and what it stands for. The first row of
// a value is the one that is written.
type named struct{ uri, name string }

// signatures are the signature methods (RFC 9231 section 2.3, for GOST the identifiers of the list of accredited centres).
var signatures = [...]named{
	{gostPrefix + "gostr34102012-gostr34112012-256", "gost2012-256"},
	{gostPrefix + "gostr34102012-gostr34112012-512", "gost2012-512"},
	{gostPrefix + "gostr34102001-gostr3411", "gost2001"},
	{more + "gostr34102001-gostr3411", "gost2001"},
	{more + "rsa-sha256", "rsa-sha256"},
	{more + "rsa-sha384", "rsa-sha384"},
	{more + "rsa-sha512", "rsa-sha512"},
	{more + "ecdsa-sha256", "ecdsa-sha256"},
	{more + "ecdsa-sha384", "ecdsa-sha384"},
	{more + "ecdsa-sha512", "ecdsa-sha512"},
}

// digests are the digest methods; the names are those of algo.
var digests = [...]struct {
	uri string
	algo.Digest
}{
	{gostPrefix + "gostr34112012-256", algo.Streebog256},
	{gostPrefix + "gostr34112012-512", algo.Streebog512},
	{gostPrefix + "gostr3411", algo.GOST94},
	{more + "gostr3411", algo.GOST94},
	{encryption + "sha256", algo.SHA256},
	{more + "sha384", algo.SHA384},
	{encryption + "sha512", algo.SHA512},
}

// signatureBy finds a signature method.
func signatureBy(uri string, legacy bool) (algo.Algorithm, error) {
	for _, row := range signatures {
		if row.uri == uri {
			a, err := algo.ByName(row.name)
			if err != nil || a.Legacy && !legacy {
				break
			}
			return a, nil
		}
	}
	return algo.Algorithm{}, refuse(CodeAlgorithm, "signature method")
}

// digestBy finds a digest method.
func digestBy(uri string, legacy bool) (algo.Digest, error) {
	for _, row := range digests {
		if row.uri == uri && (legacy || !row.Legacy) {
			return row.Digest, nil
		}
	}
	return algo.Digest{}, refuse(CodeAlgorithm, "digest method")
}

// fromXML turns a signature value into the form of CMS: ECDSA has r and s of
// equal length side by side (XML Signature 1.1 section 6.4.3); GOST keeps s before r.
func fromXML(a algo.Algorithm, value []byte, bits int) ([]byte, bool) {
	if a.Key != algo.ECDSA {
		return value, true
	}
	n := (bits + 7) / 8
	if len(value) != halvesCount*n {
		return nil, false
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(value[:n]), new(big.Int).SetBytes(value[n:])})
	return der, err == nil
}

// toXML is the way back.
func toXML(a algo.Algorithm, sig []byte, bits int) ([]byte, bool) {
	if a.Key != algo.ECDSA {
		return sig, true
	}
	var v struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(sig, &v)
	n := (bits + 7) / 8
	if err != nil || len(rest) != 0 || n > maxECOrder || v.R.Sign() <= 0 || v.S.Sign() <= 0 || v.R.BitLen() > 8*n || v.S.BitLen() > 8*n {
		return nil, false
	}
	out := make([]byte, halvesCount*n)
	v.R.FillBytes(out[:n])
	v.S.FillBytes(out[n:])
	return out, true
}
