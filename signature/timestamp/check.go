// SPDX-License-Identifier: Apache-2.0

package timestamp

import (
	"bytes"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/cert"
)

// Question is what a token is checked against.
type Question struct {
	// Message is what the token should cover: for a signature timestamp the
	// octets of SignerInfo.signature.
	Message []byte
	// Hash stands for Message when its digest under the token's algorithm is
	// known already.
	Hash []byte
	// Nonce and Policy are those of the request; nil is not compared.
	Nonce  *big.Int
	Policy asn1.ObjectIdentifier
	// Certificates are looked through for the authority's certificate after
	// those inside.
	Certificates []*cert.Certificate
}

// Check returns all that does not hold; nothing means that the holder of the
// key of [Token.Certificate], which is for timestamps alone, stated that the
// message existed at the token's time. Codes: timestamp.imprint,
// timestamp.algorithm, timestamp.nonce, timestamp.policy, timestamp.extension,
// timestamp.certificate, timestamp.purpose, timestamp.tsa_name,
// timestamp.signing_certificate, timestamp.signature.
func (t *Token) Check(q Question) []*Problem {
	out := t.checkInfo(q)
	c := t.Certificate(q.Certificates...)
	if c == nil {
		return append(out, problem(CodeCertificate, "authority's certificate is neither inside nor given"))
	}
	if !onlyForTimestamps(c) {
		out = append(out, problem(CodePurpose, "certificate is not for timestamps alone, or does not say so as critical"))
	}
	if t.TSA != nil && !bearsName(c, t.TSA) {
		out = append(out, problem(CodeName, "tsa is no name of the certificate"))
	}
	if len(t.Signed.Signer.SigningCertificate) == 0 {
		out = append(out, problem(CodeSigningCertificate, "no signing-certificate"))
	}
	for _, p := range t.Signed.Signer.Check(c) {
		code := CodeSignature
		if p.Code == "cms.signing_certificate" {
			code = CodeSigningCertificate
		}
		out = append(out, &Problem{Code: code, Detail: "token", Cause: p})
	}
	return out
}

// checkInfo compares what is stated with what was asked.
func (t *Token) checkInfo(q Question) []*Problem {
	var out []*Problem
	hash := q.Hash
	switch {
	case t.Imprint.Digest.Size == 0:
		out = append(out, problem(CodeAlgorithm, "imprint by %v", t.Imprint.OID))
		hash = nil
	case hash == nil:
		hash = t.Imprint.Digest.Sum(q.Message)
	}
	if hash != nil && !bytes.Equal(hash, t.Imprint.Hash) {
		out = append(out, problem(CodeImprint, "made over other bytes"))
	}
	if q.Nonce != nil && (t.Nonce == nil || t.Nonce.Cmp(q.Nonce) != 0) {
		out = append(out, problem(CodeNonce, "nonce is another, or absent"))
	}
	if q.Policy != nil && !t.Policy.Equal(q.Policy) {
		out = append(out, problem(CodePolicy, "made under %v", t.Policy))
	}
	for _, oid := range t.CriticalExtensions {
		out = append(out, problem(CodeExtension, "critical extension %v", oid))
	}
	return out
}

// onlyForTimestamps is the rule of RFC 3161 section 2.3 for the authority's
// certificate; a key usage, when there is one, must allow signatures (RFC 5280
// section 4.2.1.12).
func onlyForTimestamps(c *cert.Certificate) bool {
	extension, ok := c.Extension(oidExtKeyUsage)
	return ok && extension.Critical && len(c.ExtKeyUsage) == 1 && c.ExtKeyUsage[0].Equal(OIDPurpose) &&
		(!c.HasKeyUsage || c.KeyUsage&(cert.DigitalSignature|cert.NonRepudiation) != 0)
}

var oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// bearsName reports whether the GeneralName is the subject of c or one of its
// alternative names (RFC 3161 section 2.4.2).
func bearsName(c *cert.Certificate, name []byte) bool {
	var list cryptobyte.Builder
	list.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(name) })
	der, err := list.Bytes()
	if err != nil {
		return false
	}
	wrapped := cryptobyte.String(der)
	names, err := cert.ReadGeneralNames(&wrapped)
	if err != nil || len(names) != 1 {
		return false
	}
	n := names[0]
	directory := n.Tag == cert.DirectoryName
	if directory && n.Name.Equal(c.Subject) {
		return true
	}
	for _, o := range c.SubjectAltNames {
		if o.Tag == n.Tag && (bytes.Equal(o.Raw, n.Raw) || directory && o.Name.Equal(n.Name)) {
			return true
		}
	}
	return false
}
