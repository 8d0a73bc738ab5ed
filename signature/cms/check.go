// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"sync"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// maxTwins bounds how many certificates of one name are tried under a signature, maxNamed how many are
// held against the hash that the signer signed.
const (
	maxTwins = 8
	maxNamed = 64
)

// payload is what is signed, and its digests: each is made once.
type payload struct {
	bytes  []byte
	absent bool

	mu   sync.Mutex
	sums map[string][]byte
}

func (c *payload) sum(d algo.Digest) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if sum, ok := c.sums[d.Name]; ok {
		return sum
	}
	sum := d.Sum(c.bytes)
	if c.sums == nil {
		c.sums = map[string][]byte{}
	}
	c.sums[d.Name] = sum
	return sum
}

// SignerCertificate returns the certificate of the first signer, nil when it is
// not inside: see [SignedData.CertificateOf].
func (s *SignedData) SignerCertificate() *cert.Certificate { return s.CertificateOf(s.Signer) }

// CertificateOf returns the certificate that the signer or counter-signer named,
// of those inside and then of more; nil when it is among neither. Where several
// bear the name, it is the one whose hash the signer signed, else the first
// under which the signature holds.
func (s *SignedData) CertificateOf(si *SignerInfo, more ...*cert.Certificate) *cert.Certificate {
	var found []*cert.Certificate
	names := si.names()
	for _, list := range [][]*cert.Certificate{s.Certificates, si.Values.Certificates, more} {
		for _, c := range list {
			if len(found) < maxNamed && names(c) && !slices.ContainsFunc(found, c.Equal) {
				found = append(found, c)
			}
		}
	}
	switch {
	case len(found) == 0:
		return nil
	case len(found) == 1: // whose hash Check compares
	case len(si.SigningCertificate) > 0:
		if i := slices.IndexFunc(found, si.SigningCertificate[0].names); i >= 0 {
			return found[i]
		}
	case len(found) <= maxTwins:
		if i := slices.IndexFunc(found, func(c *cert.Certificate) bool { return len(si.checkSignature(c)) == 0 }); i >= 0 {
			return found[i]
		}
	}
	return found[0]
}

// names returns what tells whether SignerIdentifier is that of a certificate. It reads the signer's name
// once: a message may have many certificates and a name as long as itself.
func (si *SignerInfo) names() func(*cert.Certificate) bool {
	if si.Serial == nil {
		return func(c *cert.Certificate) bool { return len(si.KeyID) > 0 && bytes.Equal(si.KeyID, c.SKI) }
	}
	key := sync.OnceValues(func() (string, error) {
		name, err := cert.ParseName(si.RawIssuer)
		return name.Key(), err
	})
	return func(c *cert.Certificate) bool { return issued(c, si.RawIssuer, si.Serial, key) }
}

// issued reports whether issuer and serial number are those of c, the name compared by RFC 5280 section
// 7.1 where its bytes differ: then key is asked for.
func issued(c *cert.Certificate, issuer []byte, serial *big.Int, key func() (string, error)) bool {
	if serial.Cmp(c.Serial) != 0 {
		return false
	}
	if bytes.Equal(issuer, c.RawIssuer) {
		return true
	}
	k, err := key()
	return err == nil && k == c.Issuer.Key()
}

func (r CertificateRef) names(c *cert.Certificate) bool {
	key := func() (string, error) {
		name, err := cert.ParseName(r.RawIssuer)
		return name.Key(), err
	}
	return bytes.Equal(r.Digest.Sum(c.Raw), r.Hash) && (r.Serial == nil || issued(c, r.RawIssuer, r.Serial, key))
}

// Admits reports whether the path of the signer's certificate may lead through c: a signing-certificate
// that names more than the signer's own certificate limits the path to those (RFC 5035 sections 3 and 4).
// It is not for the signer's own certificate, nor for the anchor.
func (si *SignerInfo) Admits(c *cert.Certificate) bool {
	from := 0
	for _, n := range si.named {
		list := si.SigningCertificate[from : from+n]
		from += n
		if n > 1 && !slices.ContainsFunc(list[1:], func(r CertificateRef) bool { return r.names(c) }) {
			return false
		}
	}
	return true
}

// Check checks every signer under the certificate inside. Nothing means that
// the holders of those keys signed the content. Counter-signatures are not
// checked with it: see [SignerInfo.Check].
func (s *SignedData) Check() []*Problem {
	var out []*Problem
	for _, si := range s.Signers {
		out = append(out, si.Check(s.CertificateOf(si))...)
	}
	return out
}

// Check returns all that does not hold about one signer or counter-signer, in
// the order found; nothing means that the holder of the certificate's key
// signed the content, or the signature above. A nil certificate is
// cms.certificate. Further codes: cms.version, cms.attributes,
// cms.signing_time, cms.digest_size, cms.algorithm, cms.algorithm_protection,
// cms.detached, cms.content_type, cms.message_digest, cms.signing_certificate,
// cms.signature.
func (si *SignerInfo) Check(c *cert.Certificate) []*Problem {
	out := slices.Clone(si.problems)
	if si.content.absent {
		out = append(out, problem(codeDetached, "content is neither inside nor given"))
	}
	if si.ContentType != nil && !si.ContentType.Equal(si.over) {
		out = append(out, problem(codeContentType, "attribute says %v", si.ContentType))
	}
	digest := si.Algorithm.Digest
	if digest.Name != "" && !si.content.absent && len(si.MessageDigest) == digest.Size && !bytes.Equal(si.content.sum(digest), si.MessageDigest) {
		out = append(out, problem(codeMessageDigest, "digest of the content is another"))
	}
	if c == nil {
		return append(out, problem(codeCertificate, "signer's certificate is not inside"))
	}
	for i, first := range []int{0, si.named[0]} {
		if si.named[i] > 0 && !si.SigningCertificate[first].names(c) {
			out = append(out, problem(codeSigningCertificate, "attribute names another certificate"))
			break
		}
	}
	if digest.Name == "" || si.RawSignedAttributes == nil && si.content.absent {
		return out // said already
	}
	return append(out, si.checkSignature(c)...)
}

func (si *SignerInfo) checkSignature(c *cert.Certificate) []*Problem {
	if si.Algorithm.Name == "" { // outside the table: reading has said so
		return []*Problem{problem(codeAlgorithm, "none that could be checked")}
	}
	err := c.PublicKey.Verify(si.Algorithm, si.input(), si.Signature)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, algo.ErrUnsupported):
		return []*Problem{{Code: codeAlgorithm, Detail: "key of the certificate", Cause: err}}
	default:
		return []*Problem{{Code: codeSignature, Detail: "check signature", Cause: err}}
	}
}

// input is what the key verifies: made of the attributes, or of the content
// where there are none (RFC 5652 section 5.4).
func (si *SignerInfo) input() []byte {
	switch {
	case si.RawSignedAttributes != nil:
		return si.Algorithm.Input(si.RawSignedAttributes)
	case si.Algorithm.WholeMessage:
		return si.content.bytes
	default:
		return si.content.sum(si.Algorithm.Digest)
	}
}
