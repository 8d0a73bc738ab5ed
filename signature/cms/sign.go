// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"context"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// Signer holds the private key: a token, a card, a test.
type Signer interface {
	// SignDigest signs what a.Input makes of the message, a digest of
	// a.Digest.Size bytes but for Ed25519, where it is the message: PKCS #1 v1.5
	// or PSS bytes for RSA, ASN.1 DER for ECDSA, s||r big-endian for GOST. Its
	// errors reach the caller of Sign wrapped.
	SignDigest(ctx context.Context, a algo.Algorithm, digest []byte) ([]byte, error)
}

// Request is what Sign needs.
type Request struct {
	// Content is signed and laid inside; it must not be empty.
	Content []byte
	// Detached leaves the content outside.
	Detached bool
	// Certificate is the signer's; Chain may hold those above it. All are laid inside.
	Certificate *cert.Certificate
	Chain       []*cert.Certificate
	// Algorithm must allow the certificate's key; zero chooses by [algo.ForKey].
	Algorithm algo.Algorithm
	// SigningTime is written in whole seconds.
	SigningTime time.Time
	Signer      Signer
}

// Sign makes a CAdES-BES signature in DER. The result was read back and
// checked, so a key that does not belong to the certificate shows here, as
// cms.signature. Errors of the Signer are wrapped; errors of the request are
// *Problem with cms.algorithm or cms.too_large, or untyped when the caller left
// a field empty.
func Sign(ctx context.Context, r Request) ([]byte, error) {
	if len(r.Content) == 0 || r.Certificate == nil || r.Signer == nil || r.SigningTime.IsZero() {
		return nil, errors.New("sign: content, certificate, signer and time are required")
	}
	if limit := map[bool]int{false: MaxSize, true: MaxOpenSize}[r.Detached]; len(r.Content) > limit || len(r.Chain) > MaxCertificates {
		return nil, problem(codeTooLarge, "content or chain")
	}
	key := r.Certificate.PublicKey
	a := r.Algorithm
	if a.Name == "" {
		var err error
		if a, err = algo.ForKey(key.Kind(), key.Bits()); err != nil {
			return nil, &Problem{Code: codeAlgorithm, Detail: "choose algorithm", Cause: err}
		}
	}
	if !a.Allows(key.Kind(), key.Bits()) || a.Legacy {
		return nil, problem(codeAlgorithm, "%s does not allow a key of kind %v, %d bits", a.Name, key.Kind(), key.Bits())
	}
	attributes, err := signedAttributes(r, a)
	if err != nil {
		return nil, fmt.Errorf("encode signed attributes: %w", err)
	}
	sig, err := r.Signer.SignDigest(ctx, a, a.Input(attributes))
	if err != nil {
		return nil, fmt.Errorf("sign digest: %w", err)
	}
	out, err := encode(r, a, attributes, sig)
	if err != nil {
		return nil, fmt.Errorf("encode signature: %w", err)
	}
	if p := made(out, r); p != nil {
		return nil, p
	}
	return out, nil
}

// made reads back and checks what was built.
func made(b []byte, r Request) *Problem {
	s, p := confirmation.read(b, Options{MaxSize: MaxSize})
	if r.Detached {
		s, p = auditor.read(b, Options{Content: r.Content, MaxSize: MaxSize})
	}
	if p != nil {
		return p
	}
	if problems := append(s.Check(), s.Signer.Notes...); len(problems) > 0 {
		return problems[0]
	}
	return nil
}

// signedAttributes returns the attributes as the DER SET OF that is signed.
func signedAttributes(r Request, a algo.Algorithm) ([]byte, error) {
	set := [][]byte{}
	add := func(oid asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) error {
		var b cryptobyte.Builder
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(casn1.SET, value)
		})
		der, err := b.Bytes()
		set = append(set, der)
		return err
	}
	if err := errors.Join(
		add(OIDContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(OIDData) }),
		add(OIDMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(a.Digest.Sum(r.Content)) }),
		add(OIDSigningTime, func(b *cryptobyte.Builder) { addTime(b, r.SigningTime) }),
		add(OIDSigningCertificateV2, func(b *cryptobyte.Builder) { addReference(b, r.Certificate, a.Digest) }),
	); err != nil {
		return nil, err
	}
	return encodeSet(casn1.SET, set)
}

// encodeSet writes a SET OF in DER order (X.690 section 11.6) under the tag.
func encodeSet(tag casn1.Tag, elements [][]byte) ([]byte, error) {
	slices.SortFunc(elements, bytes.Compare)
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, e := range elements {
			b.AddBytes(e)
		}
	})
	return b.Bytes()
}

// addTime writes UTCTime to 2049 and GeneralizedTime after (RFC 5652 section 11.3).
func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC().Truncate(time.Second)
	tag, layout := casn1.UTCTime, "060102150405Z"
	if t.Year() < 1950 || t.Year() >= 2050 {
		tag, layout = casn1.GeneralizedTime, "20060102150405Z"
	}
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(t.Format(layout))) })
}

// addReference writes SigningCertificateV2 for the one certificate. SHA-256 is
// the default digest and DER leaves defaults out.
func addReference(b *cryptobyte.Builder, c *cert.Certificate, d algo.Digest) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { // SigningCertificateV2
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { // certs
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { // ESSCertIDv2
				if d.Name != algo.SHA256.Name {
					addAlgorithm(b, d.OID, nil)
				}
				b.AddASN1OctetString(d.Sum(c.Raw))
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { // IssuerSerial
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(contextTag(4), func(b *cryptobyte.Builder) { b.AddBytes(c.RawIssuer) })
					})
					b.AddASN1BigInt(c.Serial)
				})
			})
		})
	})
}

func addAlgorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, params []byte) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddBytes(params)
	})
}

// encode lays everything together (RFC 5652 sections 3 and 5.1).
func encode(r Request, a algo.Algorithm, attributes, sig []byte) ([]byte, error) {
	certificates, err := encodeCertificates(r)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { // ContentInfo
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { // SignedData
				b.AddASN1Int64(1)
				b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, a.Digest.OID, nil) })
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { // EncapsulatedContentInfo
					b.AddASN1ObjectIdentifier(OIDData)
					if !r.Detached {
						b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(r.Content) })
					}
				})
				b.AddBytes(certificates)
				b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addSigner(b, r.Certificate, a, attributes, sig) })
			})
		})
	})
	return b.Bytes()
}

func encodeCertificates(r Request) ([]byte, error) {
	all := [][]byte{r.Certificate.Raw}
	for _, c := range r.Chain {
		if !slices.ContainsFunc(all, func(b []byte) bool { return bytes.Equal(b, c.Raw) }) {
			all = append(all, c.Raw)
		}
	}
	return encodeSet(contextTag(0), all)
}

func addSigner(b *cryptobyte.Builder, c *cert.Certificate, a algo.Algorithm, attributes, sig []byte) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { // SignerInfo
		b.AddASN1Int64(1)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(c.RawIssuer)
			b.AddASN1BigInt(c.Serial)
		})
		addAlgorithm(b, a.Digest.OID, nil)
		// [0] IMPLICIT: the same bytes under another tag.
		b.AddUint8(byte(contextTag(0)))
		b.AddBytes(attributes[1:])
		addAlgorithm(b, a.CMSOID, a.CMSParams())
		b.AddASN1OctetString(sig)
	})
}
