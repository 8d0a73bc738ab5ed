// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"errors"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// SignerCertificate returns the certificate that the signer named by issuer
// and serial number, nil when it is not inside. Where several bear that name,
// it is the one whose hash the signer signed.
func (s *SignedData) SignerCertificate() *cert.Certificate {
	var found *cert.Certificate
	for _, c := range s.Certificates {
		if !bytes.Equal(c.RawIssuer, s.Signer.RawIssuer) || c.Serial.Cmp(s.Signer.Serial) != 0 {
			continue
		}
		if s.Signer.SigningCertificate[0].names(c) {
			return c
		}
		if found == nil {
			found = c
		}
	}
	return found
}

func (r CertificateRef) names(c *cert.Certificate) bool {
	return bytes.Equal(r.Digest.Sum(c.Raw), r.Hash) &&
		(r.Serial == nil || r.Serial.Cmp(c.Serial) == 0 && bytes.Equal(r.RawIssuer, c.RawIssuer))
}

// Check returns all that does not hold, in the order of the checks; nothing
// means that the holder of the signer certificate's key signed the content.
// Codes: cms.content_type, cms.message_digest, cms.certificate,
// cms.signing_certificate, cms.algorithm, cms.signature.
func (s *SignedData) Check() []*Problem {
	var out []*Problem
	si := &s.Signer
	if !si.ContentType.Equal(oidData) {
		out = append(out, problem(codeContentType, "attribute says %v", si.ContentType))
	}
	if !bytes.Equal(si.Algorithm.Digest.Sum(s.Content), si.MessageDigest) {
		out = append(out, problem(codeMessageDigest, "digest of the content is another"))
	}
	c := s.SignerCertificate()
	if c == nil {
		return append(out, problem(codeCertificate, "signer's certificate is not inside"))
	}
	if !si.SigningCertificate[0].names(c) {
		out = append(out, problem(codeSigningCertificate, "attribute names another certificate"))
	}
	return append(out, si.checkSignature(c)...)
}

func (si *SignerInfo) checkSignature(c *cert.Certificate) []*Problem {
	err := c.PublicKey.Verify(si.Algorithm, si.Algorithm.Digest.Sum(si.RawSignedAttributes), si.Signature)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, algo.ErrUnsupported):
		return []*Problem{{Code: codeAlgorithm, Detail: "key of the certificate", Cause: err}}
	default:
		return []*Problem{{Code: codeSignature, Detail: "check signature", Cause: err}}
	}
}
