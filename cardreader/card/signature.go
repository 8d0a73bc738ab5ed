// SPDX-License-Identifier: Apache-2.0

package card

import (
	"encoding/asn1"
	"errors"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"zaver/signature/algo"
)

// pkcs1Overhead is what PKCS #1 v1.5 puts round the DigestInfo at least: 00 01,
// eight FF, 00 (RFC 8017 section 9.2).
const pkcs1Overhead = 11

// minPKCS1 is the length of the shortest padded block for an algorithm.
func minPKCS1(a algo.Algorithm) int {
	info, err := digestInfo(a, make([]byte, a.Digest.Size))
	if err != nil {
		return maxSignatureSize + 1
	}
	return len(info) + pkcs1Overhead
}

// input writes the digest as the card takes it.
func (row *SignatureAlgorithm) input(a algo.Algorithm, digest []byte) ([]byte, error) {
	if row.Input != InputDigestInfo && row.Input != InputPKCS1 {
		return digest, nil
	}
	info, err := digestInfo(a, digest)
	if err != nil || row.Input == InputDigestInfo {
		return info, err
	}
	block := make([]byte, row.Size)
	at := len(block) - len(info)
	if at < pkcs1Overhead {
		return nil, errors.New("the padded block is too short")
	}
	block[1] = 0x01
	for i := 2; i < at-1; i++ {
		block[i] = 0xFF
	}
	copy(block[at:], info)
	return block, nil
}

// digestInfo writes DigestInfo (RFC 8017 section 9.2, appendix B.1).
func digestInfo(a algo.Algorithm, digest []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cryptobyteasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cryptobyteasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(a.Digest.OID)
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(digest)
	})
	return b.Bytes()
}

// signature turns the card's bytes into what CMS takes.
func (row *SignatureAlgorithm) signature(a algo.Algorithm, raw []byte) ([]byte, error) {
	if row.Answer == AnswerDER {
		r, s, err := parseDER(raw, row.Size/2)
		if err != nil {
			return nil, err
		}
		return derOf(r, s)
	}
	if len(raw) != row.Size {
		return nil, errors.New("signature of the wrong length")
	}
	if row.Answer == AnswerRaw {
		return raw, nil
	}
	r, s := raw[:row.Size/2], raw[row.Size/2:]
	if row.Answer == AnswerSR {
		r, s = s, r
	}
	if a.Key == algo.ECDSA {
		return derOf(new(big.Int).SetBytes(r), new(big.Int).SetBytes(s))
	}
	if isZero(r) || isZero(s) {
		return nil, errZeroHalf
	}
	return append(append(make([]byte, 0, row.Size), s...), r...), nil // s || r, RFC 9215 section 3.2
}

var errZeroHalf = errors.New("signature half is zero")

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// derOf writes ECDSA-Sig-Value (RFC 3279 section 2.2.3).
func derOf(r, s *big.Int) ([]byte, error) {
	if r.Sign() == 0 || s.Sign() == 0 {
		return nil, errZeroHalf
	}
	return asn1.Marshal(struct{ R, S *big.Int }{r, s})
}

// parseDER reads ECDSA-Sig-Value with numbers of at most size bytes.
func parseDER(b []byte, size int) (r, s *big.Int, err error) {
	r, s = new(big.Int), new(big.Int)
	in := cryptobyte.String(b)
	var body cryptobyte.String
	if !in.ReadASN1(&body, cryptobyteasn1.SEQUENCE) || !in.Empty() ||
		!body.ReadASN1Integer(r) || !body.ReadASN1Integer(s) || !body.Empty() {
		return nil, nil, errors.New("signature is no ECDSA-Sig-Value")
	}
	if r.Sign() < 0 || s.Sign() < 0 || r.BitLen() > 8*size || s.BitLen() > 8*size {
		return nil, nil, errors.New("signature half out of range")
	}
	return r, s, nil
}
