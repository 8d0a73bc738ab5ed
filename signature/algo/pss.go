// SPDX-License-Identifier: Apache-2.0

package algo

import (
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/internal/der"
)

// oidMGF1 is the one mask generation function (RFC 8017 appendix A.2.1).
var oidMGF1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}

const (
	defaultSalt = 20   // saltLength when absent (RFC 4055 section 3.1)
	maxSalt     = 1024 // the longest modulus in bytes; a longer salt cannot fit
)

// PSSParams are the parameters of RSASSA-PSS as far as they can differ here:
// MGF1 is over the same digest and the trailer is 1.
type PSSParams struct {
	Digest Digest
	// SaltLength is in bytes.
	SaltLength int
}

// ParsePSS reads RSASSA-PSS-params (RFC 4055 section 3.1), the whole DER. Its
// defaults are SHA-1, so digest and mask function must be spelt out; MGF1 over
// another digest than the signature's is refused. A trailer field of 1 may be
// there. Errors wrap ErrUnsupported.
func ParsePSS(params []byte) (PSSParams, error) {
	p := PSSParams{SaltLength: defaultSalt}
	s := cryptobyte.String(params)
	var body cryptobyte.String
	if !s.ReadASN1(&body, casn1.SEQUENCE) || !s.Empty() {
		return PSSParams{}, refusePSS("parameters are no SEQUENCE")
	}
	digest, ok := readPSSDigest(&body)
	if !ok {
		return PSSParams{}, refusePSS("digest")
	}
	p.Digest = digest
	if mask, ok := readPSSMask(&body); !ok || mask.Name != digest.Name {
		return PSSParams{}, refusePSS("mask function")
	}
	if ok := readPSSNumber(&body, 2, &p.SaltLength); !ok || p.SaltLength < 0 || p.SaltLength > maxSalt {
		return PSSParams{}, refusePSS("salt length")
	}
	trailer := 1
	if ok := readPSSNumber(&body, 3, &trailer); !ok || trailer != 1 || !body.Empty() {
		return PSSParams{}, refusePSS("trailer field")
	}
	return p, nil
}

func refusePSS(what string) error {
	return fmt.Errorf("read %s of RSASSA-PSS: %w", what, ErrUnsupported)
}

func field(s *cryptobyte.String, n uint8) (content cryptobyte.String, present, ok bool) {
	ok = s.ReadOptionalASN1(&content, &present, casn1.Tag(n).ContextSpecific().Constructed())
	return content, present, ok
}

func readPSSDigest(body *cryptobyte.String) (Digest, bool) {
	content, present, ok := field(body, 0)
	if !present || !ok {
		return Digest{}, false
	}
	return readStdDigest(&content)
}

// readStdDigest reads the AlgorithmIdentifier of a digest that RSA goes with.
func readStdDigest(s *cryptobyte.String) (Digest, bool) {
	oid, params, ok := der.ReadAlgorithm(s)
	if !ok || !s.Empty() {
		return Digest{}, false
	}
	d, err := DigestByOID(oid, params)
	return d, err == nil && d.Std != 0
}

func readPSSMask(body *cryptobyte.String) (Digest, bool) {
	content, present, ok := field(body, 1)
	if !present || !ok {
		return Digest{}, false
	}
	oid, params, ok := der.ReadAlgorithm(&content)
	if !ok || !content.Empty() || !oid.Equal(oidMGF1) {
		return Digest{}, false
	}
	inner := cryptobyte.String(params)
	return readStdDigest(&inner)
}

func readPSSNumber(body *cryptobyte.String, tag uint8, out *int) bool {
	content, present, ok := field(body, tag)
	if !ok || !present {
		return ok
	}
	return content.ReadASN1Integer(out) && content.Empty()
}

func (a *Algorithm) withPSS(params []byte) (Algorithm, bool) {
	p, err := ParsePSS(params)
	if err != nil || p.Digest.Name != a.Digest.Name {
		return Algorithm{}, false
	}
	out := *a
	out.SaltLength = p.SaltLength
	return out, true
}

// pssParams writes the parameters with NULL beside the digest, as RFC 4055
// section 6 lists them.
func (a *Algorithm) pssParams() []byte {
	salt := a.SaltLength
	if salt == AnySalt {
		salt = a.Digest.Size
	}
	algorithm := func(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, params func(*cryptobyte.Builder)) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			params(b)
		})
	}
	digest := func(b *cryptobyte.Builder) {
		algorithm(b, a.Digest.OID, func(b *cryptobyte.Builder) { b.AddASN1NULL() })
	}
	tagged := func(b *cryptobyte.Builder, n uint8, content func(*cryptobyte.Builder)) {
		b.AddASN1(casn1.Tag(n).ContextSpecific().Constructed(), content)
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		tagged(b, 0, digest)
		tagged(b, 1, func(b *cryptobyte.Builder) { algorithm(b, oidMGF1, digest) })
		if salt != defaultSalt {
			tagged(b, 2, func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(salt)) })
		}
	})
	return b.BytesOrPanic()
}
